import { describe, expect, it } from 'vitest';
import { parsePositions, withPosition } from './positions';

describe('positions', () => {
  it.each([null, '', '{', '{}', '[1]', '[["a"]]', '[[1, 2]]'])('reads %j as none', (text) => {
    expect(parsePositions(text)).toEqual([]);
  });

  it('reads what it wrote', () => {
    const positions = withPosition(withPosition([], '甲', 1000.4), '乙', 2000);
    expect(parsePositions(JSON.stringify(positions))).toEqual([
      ['甲', 1000],
      ['乙', 2000],
    ]);
  });

  it('puts the latest last, once', () => {
    expect(
      withPosition(
        [
          ['甲', 1],
          ['乙', 2],
        ],
        '甲',
        9,
      ),
    ).toEqual([
      ['乙', 2],
      ['甲', 9],
    ]);
  });

  it('forgets the oldest', () => {
    const many = Array.from({ length: 60 }, (_, i) => i).reduce(
      (all, i) => withPosition(all, `r${i}`, i),
      parsePositions(null),
    );
    expect(many).toHaveLength(50);
    expect(many[0]).toEqual(['r10', 10]);
  });
});
