import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { SlotLimits, stepOf } from './slotLimits';

describe('SlotLimits', () => {
  let told: [string, number][];
  let limits: SlotLimits;

  beforeEach(() => {
    vi.useFakeTimers();
    told = [];
    limits = new SlotLimits((slot, height) => told.push([slot, height]));
  });
  afterEach(() => vi.useRealTimers());

  it.each([
    [0, 0],
    [1, 180],
    [180, 180],
    [181, 360],
    [800, 1080],
    [4000, 1080],
  ])('%d pixels are told as %d', (pixels, step) => {
    expect(stepOf(pixels)).toBe(step);
  });

  it('tells the tallest of several views, once', () => {
    limits.set('lecturer', {}, 170);
    limits.set('lecturer', {}, 700);
    vi.runAllTimers();
    limits.set('lecturer', {}, 300);
    vi.runAllTimers();
    expect(told).toEqual([['lecturer', 720]]);
  });

  it('does not hide a slot for a moment when one view takes over from another', () => {
    const [small, large] = [{}, {}];
    limits.set('lecturer', small, 170);
    vi.runAllTimers();
    limits.set('lecturer', large, 900);
    limits.set('lecturer', small, 0);
    vi.runAllTimers();
    limits.set('lecturer', large, 0);
    vi.runAllTimers();
    expect(told.map(([, height]) => height)).toEqual([180, 1080, 0]);
  });

  it('tells everything again to a new connection', () => {
    limits.set('tile0', {}, 100);
    vi.runAllTimers();
    limits.repeat();
    vi.runAllTimers();
    expect(told).toEqual([
      ['tile0', 180],
      ['tile0', 180],
    ]);
  });
});
