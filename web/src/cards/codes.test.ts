import { describe, expect, it } from 'vitest';
import { BITS, bitAt, bitCount, CARDS, DISTANCE, nearest, turned, WORDS } from './codes';

describe('the words of the cards', () => {
  it('are sixty, eight bits apart in all turns', () => {
    expect(CARDS).toBe(60);
    expect(DISTANCE).toBe(8);
    let least = 99;
    for (let one = 0; one < WORDS.length; one += 1)
      for (let other = 0; other < one; other += 1)
        least = Math.min(least, bitCount(((WORDS[one] ?? 0) ^ (WORDS[other] ?? 0)) >>> 0));
    expect(least).toBe(DISTANCE);
  });

  it('come back after four quarter turns, and the right edge comes up after one', () => {
    const word = WORDS[7 * 4] ?? 0;
    expect(turned(turned(turned(turned(word))))).toBe(word);
    // What stood in the last column from the top stands in the first row from the left.
    for (let place = 0; place < BITS; place += 1)
      expect(bitAt(turned(word), 0, place)).toBe(bitAt(word, place, BITS - 1));
  });

  it('are found again with wrong bits as far as asked, and not farther', () => {
    const word = WORDS[33 * 4 + 2] ?? 0;
    expect(nearest(word, 0)).toBe(33 * 4 + 2);
    expect(nearest((word ^ 0b1010) >>> 0, 2)).toBe(33 * 4 + 2);
    expect(nearest((word ^ 0b1010) >>> 0, 1)).toBe(-1);
    expect(nearest((word ^ 0b1011001) >>> 0, 3)).toBe(-1);
  });
});
