import { describe, expect, it } from 'vitest';
import { isForgotten, minutesOf, REMIND_MS } from './forgotten';

describe('a pause that may be forgotten', () => {
  it('is asked about after three minutes, not before', () => {
    expect(isForgotten(REMIND_MS - 1)).toBe(false);
    expect(isForgotten(REMIND_MS)).toBe(true);
  });

  it('is told in whole minutes that have passed', () => {
    expect(minutesOf(REMIND_MS)).toBe(3);
    expect(minutesOf(4 * 60_000 - 1)).toBe(3);
  });
});
