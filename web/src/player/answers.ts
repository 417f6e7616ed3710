/** Answering a question of the lesson again: whether an answer is right, and where it is kept. Pure but for storage. */
import type { QuestionKind } from '@/generated/messages';

const STORED = 'tongtang.answers.';
export const LETTERS = ['A', 'B', 'C', 'D', 'E', 'F'] as const;

export type Given = Readonly<Record<string, string>>;

/** Return a value as it is compared: letters in order, numbers as numbers, words without case and outer space. */
export function normal(kind: QuestionKind, value: string): string {
  const text = value.normalize('NFKC').trim();
  switch (kind) {
    case 'single':
    case 'true_false':
    case 'multiple':
      return [...new Set(text.toUpperCase())].sort().join('');
    case 'number': {
      const number = Number(text.replace(/,/g, ''));
      return text !== '' && Number.isFinite(number) ? String(number) : text;
    }
    case 'text':
    case 'photo':
      return text.toLowerCase().replace(/\s+/g, ' ');
  }
}

/** Return whether an answer is right, or null when nobody can say. */
export function isRight(kind: QuestionKind, value: string, correct: string): boolean | null {
  if (!correct || kind === 'photo') return null;
  return normal(kind, value) === normal(kind, correct);
}

/** Return the answers that were given in this browser, by question. */
export function givenAnswers(recording: string, storage: Storage | null = store()): Given {
  try {
    const parsed: unknown = JSON.parse(storage?.getItem(STORED + recording) ?? '{}');
    if (typeof parsed !== 'object' || parsed === null) return {};
    return Object.fromEntries(
      Object.entries(parsed).filter((entry): entry is [string, string] => typeof entry[1] === 'string'),
    );
  } catch {
    return {};
  }
}

/** Remember the answers; a full or forbidden storage keeps them only while the page is open. */
export function keepAnswers(recording: string, given: Given, storage: Storage | null = store()): void {
  try {
    storage?.setItem(STORED + recording, JSON.stringify(given));
  } catch {
    // see above
  }
}

function store(): Storage | null {
  try {
    return localStorage;
  } catch {
    return null; // a browser that forbids it to files or frames
  }
}
