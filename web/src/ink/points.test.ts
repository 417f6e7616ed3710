import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ORIGIN, decodePoints, encodePoints, type Point } from './points';

interface Vector {
  points: [number, number, number][];
  text: string;
}

const vectors = JSON.parse(readFileSync('../tests/vectors/board/points.json', 'utf8')) as Vector[];

describe('points as text', () => {
  it.each(vectors)('is what the server writes: $text', ({ points: given, text }) => {
    const points: Point[] = given.map(([x, y, pressure]) => ({ x, y, pressure }));
    expect(encodePoints(points)).toBe(text);
    expect(decodePoints(text)).toEqual(points);
    const head = points.slice(0, 2);
    const last = head.at(-1) ?? ORIGIN;
    expect(encodePoints(head) + encodePoints(points.slice(2), last)).toBe(text);
  });

  it.each(['A', 'A$', 'gggggggg', 'BA', 'BAI', '光A', '_____AA'])('refuses %s', (text) => {
    expect(() => decodePoints(text)).toThrow(RangeError);
  });
});
