import { describe, expect, it } from 'vitest';
import { inPageOrder, megabytes, pickProblem, titleOf } from './picking';

const takes = { bytes: 200 << 20, pages: 300, office: true };
const file = (name: string, size = 100) => ({ name, size });

describe('what is picked as slides', () => {
  it.each([
    ['a PDF', [file('光.PDF')], takes, null],
    ['pictures', [file('1.png'), file('2.JPG'), file('3.webp')], takes, null],
    ['a program', [file('光.exe')], takes, 'kind'],
    ['nothing inside', [file('光.pdf', 0)], takes, 'empty'],
    ['too much', [file('光.pdf', (200 << 20) + 1)], takes, 'tooLarge'],
    ['PPT where it can be opened', [file('光.pptx')], takes, null],
    ['PPT where it cannot', [file('光.pptx')], { ...takes, office: false }, 'noOffice'],
    ['a PDF among pictures', [file('1.png'), file('光.pdf')], takes, 'mixed'],
  ] as const)('%s', (_, files, server, problem) => {
    expect(pickProblem(files, server)?.kind ?? null).toBe(problem);
  });

  it('is put in the order in which people count, named and weighed', () => {
    expect(inPageOrder([file('第10页.png'), file('第2页.png')]).map((one) => one.name)).toEqual([
      '第2页.png',
      '第10页.png',
    ]);
    expect(titleOf([file('光的折射.v2.pptx')])).toBe('光的折射.v2');
    expect([megabytes(1), megabytes(5 << 20), megabytes(150 << 20)]).toEqual(['0.1', '5.0', '150']);
  });
});
