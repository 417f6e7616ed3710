import { describe, expect, it } from 'vitest';
import { IN_STEP_MS, follow } from './sync';

const one = { atMs: 0, isReady: true, leaptAtMs: null };

describe('follow', () => {
  it('goes at the speed of the voice where it is in step', () => {
    expect(follow(50, 1.5, one, 0)).toEqual({ kind: 'rate', rate: 1.5 });
  });

  it.each([
    [150, 1.075],
    [600, 1.1],
    [-600, 0.9],
  ])('makes up for %d ms at %d', (behind, rate) => {
    expect(follow(behind, 1, one, 0)).toEqual({ kind: 'rate', rate });
  });

  it('leaps where that would take long, and waits for the picture before it leaps again', () => {
    expect(follow(5_000, 1, one, 0)).toEqual({ kind: 'leap' });
    expect(follow(5_000, 1, { ...one, leaptAtMs: 0 }, 1_000).kind).toBe('rate');
    expect(follow(5_000, 1, { ...one, leaptAtMs: 0, isReady: false }, 9_000).kind).toBe('rate');
    expect(follow(5_000, 1, { ...one, leaptAtMs: 0 }, 3_000)).toEqual({ kind: 'leap' });
  });

  it.each([0.75, 1, 1.25, 1.5, 2])(
    'is in step within ten seconds at %d times, with a clock 100 ppm off',
    (speed) => {
      let leader = 0;
      let picture = 650;
      for (let ms = 0; ms < 60_000; ms += 250) {
        const move = follow(leader, speed, { ...one, atMs: picture }, ms);
        leader += 250 * speed;
        picture += 250 * (move.kind === 'rate' ? move.rate : 1) * 1.0001;
        if (ms > 10_000) expect(Math.abs(leader - picture)).toBeLessThanOrEqual(IN_STEP_MS + 10);
      }
    },
  );
});
