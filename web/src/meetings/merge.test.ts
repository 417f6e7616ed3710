import { describe, expect, it } from 'vitest';
import { mergeText } from './merge';

const BASE = '一、落实情况\n二、听评课\n三、其他';

describe('minutes that two people wrote from the same text', () => {
  it.each([
    ['only mine', BASE, `${BASE}\n四、散会`, BASE, `${BASE}\n四、散会`],
    ['only theirs', BASE, BASE, `零、签到\n${BASE}`, `零、签到\n${BASE}`],
    [
      'other lines',
      BASE,
      BASE.replace('二、听评课', '二、听评课：和老师'),
      `${BASE}\n四`,
      '一、落实情况\n二、听评课：和老师\n三、其他\n四',
    ],
    ['both begin', '', '甲写的', '乙写的', null],
    ['both add at the end', BASE, `${BASE}\n我`, `${BASE}\n他`, `${BASE}\n他\n我`],
    ['the same line', BASE, BASE.replace('二、听评课', '二、甲'), BASE.replace('二、听评课', '二、乙'), null],
    ['nothing', BASE, BASE, BASE, BASE],
    ['both the same', BASE, `${BASE}。`, `${BASE}。`, null],
  ])('%s', (_, base, mine, theirs, expected) => {
    expect(mergeText(base, mine, theirs)).toBe(expected);
  });
});
