/** Naming people with '@': what is asked for before a caret, who fits, and where names stand in a text. Pure. */
import type { Author } from '../types';

/** Of a list, people: more than that is no choice but a search. */
const MOST = 8;
/** Letters behind the '@' that may still become a name. */
const LONGEST = 12;
// Not behind a letter or digit of Latin: that is an address. The wide sign is what Chinese keyboards give.
const ASKS = new RegExp(`(?:^|[^A-Za-z0-9._-])[@＠]([^\\s@＠\\ufffc]{0,${LONGEST}})$`, 'u');

export interface Asked {
  /** How many letters stand between the '@', itself included, and the caret. */
  length: number;
  query: string;
}

/** Return who is asked for at the end of `before`. `composing`: its last letters are pinyin, not yet words. */
export function askedIn(before: string, composing: boolean): Asked | null {
  const typed = ASKS.exec(before)?.[1];
  if (typed === undefined) return null;
  return { length: typed.length + 1, query: composing ? typed.replace(/[a-z']+$/i, '') : typed };
}

/** Return who fits, best first: by the begin of the name, by any part of it, by the school. */
export function matching(people: readonly Author[], query: string): Author[] {
  const wanted = query.toLowerCase();
  const rank = ({ name, school }: Author): number => {
    const at = name.toLowerCase().indexOf(wanted);
    if (at >= 0) return Math.min(at, 1);
    return school.toLowerCase().includes(wanted) ? 2 : 3;
  };
  return people
    .filter((one) => rank(one) < 3)
    .sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, 'zh'))
    .slice(0, MOST);
}

export interface Piece {
  text: string;
  /** Whom it names. */
  named: Author | null;
}

/** Return a text in pieces, those that name somebody apart; of names that begin alike the longest counts. */
export function pieces(text: string, people: readonly Author[]): Piece[] {
  const byLength = [...people].sort((a, b) => b.name.length - a.name.length);
  const found: Piece[] = [];
  let from = 0;
  for (let at = text.search(/[@＠]/u); at >= 0 && at < text.length; at += 1) {
    const named = /[@＠]/u.test(text[at] ?? '')
      ? byLength.find(({ name }) => name !== '' && text.startsWith(name, at + 1))
      : undefined;
    if (!named) continue;
    if (at > from) found.push({ text: text.slice(from, at), named: null });
    from = at + 1 + named.name.length;
    found.push({ text: text.slice(at, from), named });
    at = from - 1;
  }
  if (from < text.length) found.push({ text: text.slice(from), named: null });
  return found;
}

/** Return the ids of everybody whom a text names. */
export function namedIn(text: string, people: readonly Author[]): string[] {
  return [...new Set(pieces(text, people).flatMap(({ named }) => (named ? [named.id] : [])))];
}
