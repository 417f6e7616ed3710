import { describe, expect, it } from 'vitest';
import { decodePoints } from '@/ink/points';
import { eventsOf, stroke, written } from './fakeLesson';
import { GrowingInk } from './growing';

const ink = new GrowingInk(
  eventsOf([
    [10_000, written(1, 1_000)],
    [20_000, { kind: 'ink_added', object: stroke(2, 6_000) }],
    [30_000, { kind: 'ink_added', object: { id: '0.3', tool: 'text', text: '折射角' } }],
  ]).events,
);
const tip = (ms: number): number | undefined => ink.at(ms, 'page:d1:1')[0]?.points.slice(-1)[0]?.x;

describe('GrowingInk', () => {
  it('has nothing in hand before and after', () => {
    expect([8_999, 10_000, 15_000].map((ms) => ink.at(ms, 'page:d1:1'))).toEqual([[], [], []]);
  });

  it.each([
    [9_001, 1_008],
    [9_250, 3_000],
    [9_500, 5_000],
    [9_999, 8_992],
  ])('at %d ms the pen is at %d', (ms, x) => {
    expect(tip(ms)).toBeCloseTo(x, -1);
  });

  it('grows to exactly what was written', () => {
    const last = ink.at(9_999.9, 'page:d1:1')[0]?.points ?? [];
    expect(last.slice(0, -1)).toEqual(decodePoints(stroke(1).points ?? '').slice(0, -1));
  });

  it('guesses how long it took where nobody noted it', () => {
    expect(ink.at(18_900, 'x')).toHaveLength(0);
    expect(ink.at(19_500, 'x')[0]).toMatchObject({ id: '0.2', surface: 'x' });
  });

  it('lets a text come whole', () => {
    expect(ink.at(29_900, 'x')).toEqual([]);
  });
});
