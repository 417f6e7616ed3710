import { describe, expect, it, vi } from 'vitest';
import type { Asked, Question, Tally } from '@/generated/messages';
import { fitted } from './photoShop';
import {
  columnsOf,
  grouped,
  isForCards,
  isSameAnswer,
  missingOf,
  optionsOf,
  sumOf,
  titleOf,
  valueWords,
} from './words';

// The words themselves are checked by i18n/messages.test.ts; here it is which ones are chosen.
vi.mock('@/i18n', () => ({
  t: (key: string, named?: { page: number }) => key.replace('quiz.', '') + (named?.page ?? ''),
}));

const question = (part: Partial<Question>): Question => ({
  id: 'question-1',
  kind: 'single',
  title: '',
  options: ['大于', '', '小于'],
  page: 0,
  exit_ticket: false,
  prepared: '',
  ...part,
});
const tally = (classroom: string, counts: number[], answered: number, of: number): Tally => ({
  classroom,
  counts,
  answered,
  of,
  by_hands: false,
});

describe('a question in words', () => {
  it('names options by letter and text, and true and false by the word alone', () => {
    expect(optionsOf(question({})).map((one) => one.label)).toEqual(['A 大于', 'B', 'C 小于']);
    const words = optionsOf(question({ kind: 'true_false', options: [] })).map((one) => one.label);
    expect(words).toEqual(['right', 'wrong']);
    expect(optionsOf(question({ kind: 'number', options: [] }))).toEqual([]);
  });

  it.each([
    [{}, 'AC', 'A 大于、C 小于'],
    [{ kind: 'true_false', options: [] }, 'B', 'wrong'],
    [{ kind: 'number', options: [] }, '9.6', '9.6'],
  ] as [Partial<Question>, string, string][])('reads %j %s as %s', (part, value, words) => {
    expect(valueWords(question(part), value)).toBe(words);
  });

  it('says where a question stands that has no words of its own', () => {
    expect(titleOf(question({ page: 7 }))).toBe('onPage7');
    expect(titleOf(question({}))).toBe('aloud');
  });

  it('knows what four sides of a card can answer', () => {
    const options = ['', '', '', '', ''];
    expect(isForCards(question({}))).toBe(true);
    expect(isForCards(question({ options }))).toBe(false);
    expect(isForCards(question({ kind: 'multiple' }))).toBe(false);
    expect(isForCards(question({ kind: 'text', options: [] }))).toBe(false);
  });
});

describe('counts', () => {
  it('are added up over classrooms; one without a list hides nobody', () => {
    const asked = {
      question: question({}),
      tallies: [tally('c0', [1, 0, 2], 3, 5), tally('c1', [4, 1, 0], 5, 5)],
    } as Pick<Asked, 'question' | 'tallies'>;
    const sum = sumOf(asked);
    expect(sum).toEqual({ counts: [5, 1, 2], answered: 8, of: 10 });
    expect(missingOf(sum)).toBe(2);
    expect(missingOf(tally('c2', [], 3, 0))).toBe(0);
  });

  it('of numbers and texts are right ones and others, once the answer is told', () => {
    const text = question({ kind: 'text', options: [] });
    expect(columnsOf({ question: text, stage: 'closed', answer: '' })).toEqual([]);
    const told = columnsOf({ question: text, stage: 'revealed', answer: '折射' });
    expect(told.map((one) => [one.label, one.isRight])).toEqual([
      ['live.rightOnes', true],
      ['live.others', false],
    ]);
    const asked = { question: text, tallies: [tally('c0', [3, 1], 4, 4), tally('c1', [], 9, 9)] };
    expect(sumOf(asked)).toEqual({ counts: [3, 1], answered: 13, of: 13 });
    expect(isSameAnswer('Water', 'water')).toBe(true);
  });

  it('mark the right option only once it is told', () => {
    const marked = (stage: 'closed' | 'revealed') =>
      columnsOf({ question: question({}), stage, answer: 'C' }).map((one) => one.isRight);
    expect(marked('closed')).toEqual([false, false, false]);
    expect(marked('revealed')).toEqual([false, false, true]);
  });

  it('put the same texts together, the most frequent first', () => {
    expect(grouped(['影子', '折射', '折射'])).toEqual([
      { value: '折射', count: 2 },
      { value: '影子', count: 1 },
    ]);
  });
});

describe('a photo', () => {
  it.each([
    [4000, 3000, 1600, 1200],
    [900, 1600, 900, 1600],
    [10_000, 1, 1600, 1],
  ])('of %i × %i becomes %i × %i', (width, height, toWidth, toHeight) => {
    expect(fitted(width, height, 1600)).toEqual({ width: toWidth, height: toHeight });
  });
});
