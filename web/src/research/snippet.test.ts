import { describe, expect, it } from 'vitest';
import { pieces } from './snippet';

describe('a snippet', () => {
  it('is cut at its marks, also behind characters outside of the first plane', () => {
    expect(
      pieces({
        text: '𠮷光的折射实验',
        marks: [
          [1, 2],
          [3, 5],
        ],
      }),
    ).toEqual([
      { text: '𠮷', isMarked: false },
      { text: '光', isMarked: true },
      { text: '的', isMarked: false },
      { text: '折射', isMarked: true },
      { text: '实验', isMarked: false },
    ]);
  });

  it('without marks is one piece, and nothing is none', () => {
    expect(pieces({ text: '光', marks: [] })).toEqual([{ text: '光', isMarked: false }]);
    expect(pieces({ text: '', marks: [] })).toEqual([]);
  });
});
