import { describe, expect, it } from 'vitest';
import { LONGER_MS, LONG_MS, Patience, SHORT_MS } from './patience';

describe('the patience with an attempt to connect', () => {
  it('is long while nothing is known of the link', () => {
    const patience = new Patience();
    for (let n = 0; n < 6; n++) {
      expect(patience.nextMs()).toBe(LONG_MS);
      patience.onSilent();
    }
  });

  it.each([
    [30, SHORT_MS],
    [600, 1_200],
    [5_000, LONG_MS],
  ])('after a success that took %d ms is %d ms', (took, expected) => {
    const patience = new Patience();
    patience.onOpened(took);
    expect(patience.nextMs()).toBe(expected);
  });

  it('goes by the round trip where the last success was slower than that explains', () => {
    const patience = new Patience();
    patience.onOpened(900);
    patience.onRoundTrip(90);
    expect(patience.nextMs()).toBe(720);
  });

  it('is longer every sixth time: the link may have become slow', () => {
    const patience = new Patience();
    patience.onOpened(100);
    const given = Array.from({ length: 12 }, () => {
      const ms = patience.nextMs();
      patience.onSilent();
      return ms;
    });
    const short = Array<number>(5).fill(SHORT_MS);
    expect(given).toEqual([...short, LONGER_MS, ...short, LONGER_MS]);
  });

  it('knows whether the last attempt was answered', () => {
    const patience = new Patience();
    expect(patience.wasAnswered).toBe(true);
    patience.onSilent();
    expect(patience.wasAnswered).toBe(false);
    patience.onDropped();
    expect(patience.wasAnswered).toBe(true);
  });
});
