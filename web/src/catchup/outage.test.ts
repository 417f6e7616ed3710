import { describe, expect, it } from 'vitest';
import { OutageWatch, joined, type Outage } from './outage';

/** Hear one sign a second of the room's time; return every offer. */
function heard(signs: string, beginMs: number, startedMs = 0, seenMs: number | null = null): Outage[] {
  const watch = new OutageWatch();
  return [...signs].flatMap(
    (sign, n) => watch.hear(sign === '+', beginMs + n * 1_000, startedMs, seenMs) ?? [],
  );
}

describe('OutageWatch', () => {
  it('says nothing while all is well', () => {
    expect(heard('++++++++++', 2_000)).toEqual([]);
  });

  it('offers an outage of five seconds when it is over', () => {
    expect(heard('+++-----+++', 10_000)).toEqual([{ fromMs: 11_000, toMs: 18_000, kind: 'outage' }]);
  });

  it('does not offer what was hardly noticed', () => {
    expect(heard('+++----+++', 10_000)).toEqual([]);
  });

  it('offers the beginning to who comes late, and not to who comes in time', () => {
    expect(heard('-----+', 300_000, 60_000)).toEqual([{ fromMs: 60_000, toMs: 305_000, kind: 'late' }]);
    expect(heard('+', 75_000, 60_000)).toEqual([]);
  });

  it('knows after a reload what the page before has seen', () => {
    expect(heard('+', 305_000, 60_000, 290_000)).toEqual([
      { fromMs: 288_000, toMs: 305_000, kind: 'outage' },
    ]);
    expect(heard('+', 305_000, 60_000, 300_000)).toEqual([]);
  });

  it('begins no earlier than the lesson', () => {
    expect(heard('+------+', 60_500, 60_000)[0]?.fromMs).toBe(60_000);
  });
});

describe('joined', () => {
  const first: Outage = { fromMs: 10_000, toMs: 20_000, kind: 'outage' };

  it('makes one offer of two outages that are near', () => {
    const next: Outage = { fromMs: 50_000, toMs: 60_000, kind: 'outage' };
    expect(joined(first, next)).toEqual({ fromMs: 10_000, toMs: 60_000, kind: 'outage' });
  });

  it('forgets the one before when it was long ago', () => {
    const next: Outage = { fromMs: 90_000, toMs: 99_000, kind: 'outage' };
    expect(joined(first, next)).toEqual(next);
  });
});
