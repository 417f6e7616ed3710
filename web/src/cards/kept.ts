/** Answers that could not be handed over yet, kept on the phone: neither a reload nor an empty battery loses them. */
import { LETTERS, type Letter } from './codes';

const PREFIX = 'tongtang.cards.';
const KEPT_MS = 24 * 3600_000; // by then the lesson is over and its paper is graded
const MOST = 20; // questions kept; the oldest go first

interface Stored {
  tMs: number;
  answers: Record<string, Letter | ''>;
}

/** Return what was kept under a name, not older than a day. */
export function loadKept(name: string, nowMs: number): Map<string, Letter | ''> {
  const stored = parse(localStorage.getItem(PREFIX + name));
  if (!stored || nowMs - stored.tMs > KEPT_MS) return new Map();
  return new Map(Object.entries(stored.answers).filter(([, choice]) => isChoice(choice)));
}

/** Keep these answers under a name; none: forget the name. A full disk loses nothing that is still on the page. */
export function saveKept(name: string, answers: ReadonlyMap<string, Letter | ''>, nowMs: number): void {
  try {
    if (answers.size === 0) localStorage.removeItem(PREFIX + name);
    else {
      const stored: Stored = { tMs: nowMs, answers: Object.fromEntries(answers) };
      localStorage.setItem(PREFIX + name, JSON.stringify(stored));
    }
    prune(nowMs);
  } catch {
    // The page still has them, and hands them over when the line is back.
  }
}

function prune(nowMs: number): void {
  const kept = Object.keys(localStorage)
    .filter((key) => key.startsWith(PREFIX))
    .map((key) => ({ key, tMs: parse(localStorage.getItem(key))?.tMs ?? 0 }))
    .sort((a, b) => b.tMs - a.tMs);
  kept.forEach(({ key, tMs }, place) => {
    if (place >= MOST || nowMs - tMs > KEPT_MS) localStorage.removeItem(key);
  });
}

function parse(text: string | null): Stored | null {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    if (typeof value !== 'object' || value === null || !('tMs' in value) || !('answers' in value))
      return null;
    if (typeof value.tMs !== 'number' || typeof value.answers !== 'object' || value.answers === null)
      return null;
    return value as Stored;
  } catch {
    return null;
  }
}

function isChoice(choice: unknown): choice is Letter | '' {
  return choice === '' || LETTERS.some((letter) => letter === choice);
}
