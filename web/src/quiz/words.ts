/** How questions and answers read. Values are as signaling/questions.py has them. */
import { t } from '@/i18n';
import type { Asked, Question, QuestionKind, Tally } from '@/generated/messages';

export const LETTERS = ['A', 'B', 'C', 'D', 'E', 'F'] as const;

/** What is needed of a question to show its options. */
export type Optioned = Pick<Question, 'kind' | 'options'>;

export interface Option {
  letter: string;
  /** The letter and what it stands for; for true and false only the word. */
  label: string;
  /** What it stands for; may be empty. */
  text: string;
}

/** The options of a question; none for numbers, texts and photos. */
export function optionsOf({ kind, options }: Optioned): readonly Option[] {
  if (kind === 'true_false')
    return [t('quiz.right'), t('quiz.wrong')].map((text, n) => ({
      letter: LETTERS[n] ?? '',
      label: text,
      text,
    }));
  if (kind !== 'single' && kind !== 'multiple') return [];
  return options.map((text, n) => {
    const letter = LETTERS[n] ?? '';
    return { letter, label: text ? `${letter} ${text}` : letter, text };
  });
}

export interface Column extends Option {
  isRight: boolean;
}

/** What answers are counted by: the options; of numbers and texts, once the answer is told, right ones and others. */
export function columnsOf({
  question,
  stage,
  answer,
}: Pick<Asked, 'question' | 'stage' | 'answer'>): readonly Column[] {
  const isTold = stage === 'revealed' && answer !== '';
  if (hasTextInput(question.kind)) {
    if (!isTold) return [];
    return [t('quiz.live.rightOnes'), t('quiz.live.others')].map((text, n) => ({
      letter: '',
      label: text,
      text,
      isRight: n === 0,
    }));
  }
  return optionsOf(question).map((option) => ({
    ...option,
    isRight: isTold && answer.includes(option.letter),
  }));
}

/** Whether two written answers are the same but for capital letters, as the server counts them. */
export const isSameAnswer = (value: string, answer: string): boolean =>
  value.toLowerCase() === answer.toLowerCase();

/** A value as people read it. */
export function valueWords(question: Optioned, value: string): string {
  if (question.kind === 'photo') return value ? t('quiz.phone.photo') : '';
  if (question.kind === 'number' || question.kind === 'text') return value;
  const labels = optionsOf(question);
  return [...value].map((letter) => labels.find((one) => one.letter === letter)?.label ?? letter).join('、');
}

/** What is asked, in one line; a question without words was asked aloud, or stands on its page. */
export function titleOf({ title, page }: Pick<Question, 'title' | 'page'>): string {
  if (title) return title;
  return page > 0 ? t('quiz.onPage', { page }) : t('quiz.aloud');
}

/** Whether a value can be read from cards, whose four sides are A to D. */
export const isForCards = (question: Optioned): boolean => {
  const count = optionsOf(question).length;
  return count >= 2 && count <= 4 && question.kind !== 'multiple';
};

export const hasTextInput = (kind: QuestionKind): boolean => kind === 'number' || kind === 'text';

export interface Sum {
  counts: readonly number[];
  answered: number;
  of: number;
}

/** All classrooms together. */
export function sumOf({ tallies }: Pick<Asked, 'tallies'>): Sum {
  const add = (pick: (tally: Tally) => number) => tallies.reduce((all, tally) => all + pick(tally), 0);
  const columns = Math.max(0, ...tallies.map((tally) => tally.counts.length));
  return {
    counts: Array.from({ length: columns }, (_, n) => add((tally) => tally.counts[n] ?? 0)),
    answered: add((tally) => tally.answered),
    of: add((tally) => tally.of),
  };
}

/** How many of all who are there have not answered; 0 when nobody knows how many are there. */
export const missingOf = ({ answered, of }: Pick<Tally, 'answered' | 'of'>): number =>
  Math.max(0, of - answered);

/** The same texts counted, the most frequent first. */
export function grouped(values: readonly string[]): readonly { value: string; count: number }[] {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return [...counts]
    .map(([value, count]) => ({ value, count }))
    .sort((a, b) => b.count - a.count || a.value.localeCompare(b.value));
}
