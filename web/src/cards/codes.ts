/**
 * The markers of the answer cards, and which of them a word of bits is (twin of server/lessons/cards/codes.py).
 *
 * A word is 25 bits from the top left, row by row, the first bit the most significant, 1 = white. Turn k shows the
 * edge k up, edges counted clockwise from A at the top: 0 = A, 1 = B, 2 = C, 3 = D.
 */
import stored from './codes.json';

export const BITS = stored.bits;
export const CARDS = stored.words.length;
/** The least number of bits between any two words in any turns, a word and its own turns included. */
export const DISTANCE = stored.distance;
/** Modules a side, with the black frame. */
export const SIDE = BITS + 2;

export const LETTERS = ['A', 'B', 'C', 'D'] as const;
export type Letter = (typeof LETTERS)[number];

/** Return the word as it looks after a quarter turn counter-clockwise: what was right is up. */
export function turned(word: number): number {
  let out = 0;
  for (let row = 0; row < BITS; row += 1)
    for (let column = 0; column < BITS; column += 1) out = (out << 1) | bitAt(word, column, BITS - 1 - row);
  return out >>> 0;
}

/** Return the bit of a row and a column: 1 = white. */
export function bitAt(word: number, row: number, column: number): number {
  return (word >>> (BITS * BITS - 1 - (row * BITS + column))) & 1;
}

function allTurns(): Uint32Array {
  const all = new Uint32Array(CARDS * 4);
  stored.words.forEach((first, card) => {
    let word = first;
    for (let turn = 0; turn < 4; turn += 1) {
      all[card * 4 + turn] = word;
      word = turned(word);
    }
  });
  return all;
}

/** The word of card c in turn t at 4 c + t. */
export const WORDS = allTurns();

/** Return how many of the bits are set. */
export function bitCount(word: number): number {
  let n = word - ((word >>> 1) & 0x55555555);
  n = (n & 0x33333333) + ((n >>> 2) & 0x33333333);
  return (((n + (n >>> 4)) & 0x0f0f0f0f) * 0x01010101) >>> 24;
}

/** Return the index into WORDS of the nearest word, -1 when none is within `most` wrong bits (below DISTANCE / 2). */
export function nearest(word: number, most: number): number {
  for (let index = 0; index < WORDS.length; index += 1)
    if (bitCount((word ^ (WORDS[index] as number)) >>> 0) <= most) return index;
  return -1;
}
