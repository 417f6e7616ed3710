/** Search inside a recording: what stands on its pages, what was said, written, asked and marked. Pure. */
import type { Cue } from './vtt';
import type { Resource, TimedEvent } from './resource';
import { chatOf, type ClassQuestion } from './story';

export type HitKind = 'page' | 'speech' | 'chat' | 'question' | 'mark';

export interface Entry {
  readonly kind: HitKind;
  readonly start_ms: number;
  readonly text: string;
  /** Of a page: its number. */
  readonly page: number;
  /** What is compared: see `fold`. */
  readonly folded: string;
}

export interface Hit extends Entry {
  /** Around the first match, with what matched in the middle. */
  readonly snippet: readonly [before: string, match: string, after: string];
}

const MOST_HITS = 200;
const AROUND = 18; // characters on each side of a match

/** Return text as it is compared, character for character as long as before: width and case do not count. */
export function fold(text: string): string {
  return [...text]
    .map((one) => {
      const plain = one.normalize('NFKC').toLowerCase();
      return plain.length === one.length ? plain : one;
    })
    .join('');
}

const entry = (kind: HitKind, start_ms: number, text: string, page = 0): Entry => {
  const flat = text.replace(/\s+/g, ' ').trim();
  return { kind, start_ms: Math.max(0, start_ms), text: flat, page, folded: fold(flat) };
};

/** Return everything that can be found. A page is where it was first shown. */
export function entriesOf(
  resource: Resource,
  events: readonly TimedEvent[],
  cues: readonly Cue[],
  questions: readonly ClassQuestion[],
): Entry[] {
  const pages = (resource.page_files ?? []).flatMap(({ page, title, text }) => {
    const turn = resource.pages.find((one) => one.page === page);
    const words = text.startsWith(title) ? text : `${title} ${text}`;
    return turn && words.trim() ? [entry('page', turn.start_ms, words, page)] : [];
  });
  const marks = events.flatMap(({ t_ms, body }) =>
    body.kind === 'marked' && body.mark.label ? [entry('mark', t_ms, body.mark.label)] : [],
  );
  return [
    ...pages,
    ...marks,
    ...cues.map((cue) => entry('speech', cue.start_ms, cue.text)),
    ...chatOf(events).map((said) => entry('chat', said.start_ms, `${said.name}：${said.text}`)),
    ...questions.map((one) => entry('question', one.start_ms, [one.title, ...one.options].join(' '))),
  ].sort((a, b) => a.start_ms - b.start_ms);
}

/** Return what has every word of `text`, in order of time. */
export function search(entries: readonly Entry[], text: string): Hit[] {
  const words = fold(text).split(/\s+/).filter(Boolean);
  const first = words[0];
  if (!first) return [];
  return entries
    .filter((one) => words.every((word) => one.folded.includes(word)))
    .slice(0, MOST_HITS)
    .map((one) => ({ ...one, snippet: around(one, first) }));
}

function around({ text, folded }: Entry, word: string): [string, string, string] {
  const at = folded.indexOf(word);
  const end = at + word.length;
  const from = Math.max(0, at - AROUND);
  const to = Math.min(text.length, end + 2 * AROUND);
  return [
    (from > 0 ? '…' : '') + text.slice(from, at),
    text.slice(at, end),
    text.slice(end, to) + (to < text.length ? '…' : ''),
  ];
}
