import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { ShownClip } from '@/generated/messages';
import { positionAt, stepClip } from './clips';
import { DRIFT, correct } from './drift';

interface Position {
  shown: ShownClip;
  t_ms: number;
  position_ms: number;
}

const vectors = JSON.parse(readFileSync('../tests/vectors/clips/positions.json', 'utf8')) as Position[];

describe('where a clip is', () => {
  it('is where the server says', () => {
    expect(vectors.length).toBeGreaterThan(10);
    for (const { shown, t_ms, position_ms } of vectors) expect(positionAt(shown, t_ms)).toBe(position_ms);
  });

  it('counts from the time of the event', () => {
    const { shown } = vectors[0] as Position;
    const next = stepClip(
      { kind: 'clip_changed', clip: shown.clip, playing: true, position_ms: 5_000 },
      70_000,
    );
    expect(next && positionAt(next, 71_500)).toBe(6_500);
    expect(stepClip({ kind: 'clip_changed', clip: null, playing: false, position_ms: 0 }, 1)).toBeNull();
  });
});

/** Let a player with this fault run, and return how far off it is each 250 ms, and how often it jumped. */
function run(startMs: number, seconds: number, skew = 0): { off: number[]; jumps: number } {
  let [behind, rate, jumps] = [startMs, 1, 0];
  const off: number[] = [];
  for (let n = 0; n < seconds * 4; n++) {
    const next = correct(behind, rate);
    rate = next.rate;
    if (next.jump) {
      jumps += 1;
      behind = 80; // a jump takes a moment
    }
    behind += 250 * (1 - rate * (1 - skew));
    off.push(Math.abs(behind));
  }
  return { off, jumps };
}

describe('the drift rule', () => {
  it.each([0, 299, -299])('leaves %i ms alone', (behind) => {
    expect(correct(behind, 1)).toEqual({ rate: 1, jump: false });
  });

  it.each([301, 1_000, 2_000])('catches %i ms up without a jump, faster by a tenth at most', (behind) => {
    const { off, jumps } = run(behind, 30);
    expect(jumps).toBe(0);
    expect(off[off.length - 1]).toBeLessThanOrEqual(DRIFT.settled);
    expect(correct(behind, 1).rate).toBeGreaterThan(1);
    expect(correct(behind, 1).rate).toBeLessThanOrEqual(1.1);
    expect(correct(-behind, 1).rate).toBeCloseTo(2 - correct(behind, 1).rate);
  });

  it.each([2_001, -60_000])('jumps over %i ms, once', (behind) => {
    const { off, jumps } = run(behind, 5);
    expect(jumps).toBe(1);
    expect(off[off.length - 1]).toBeLessThan(DRIFT.tolerated);
  });

  it('holds a player with a crooked clock within what is tolerated', () => {
    const { off, jumps } = run(0, 600, 0.01); // 1 %: far worse than any sound card
    expect(jumps).toBe(0);
    expect(Math.max(...off)).toBeLessThan(DRIFT.tolerated + 20);
  });
});
