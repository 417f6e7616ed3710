/** Where a recording is: its page and chapter at a time, and the steps between them. Pure. */

export interface TimedPage {
  start_ms: number;
  page: number;
}

export interface TimedChapter {
  start_ms: number;
  title: string;
}

export const SPEEDS: readonly number[] = [0.75, 1, 1.25, 1.5, 2];

/** A step back within this time of a chapter's start goes to the chapter before, as music players do. */
export const RESTART_WINDOW_MS = 3000;

/** Return the index of the last entry that began at or before `ms`, or -1; `entries` are sorted by start. */
export function indexAt(entries: readonly { start_ms: number }[], ms: number): number {
  let low = 0;
  let high = entries.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const entry = entries[middle];
    if (entry !== undefined && entry.start_ms <= ms) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

/** Return the page that was shown at `ms`, or 0 when there is none; before the first turn it is the first page. */
export function pageAt(pages: readonly TimedPage[], ms: number): number {
  const entry = pages[Math.max(0, indexAt(pages, ms))];
  return entry === undefined ? 0 : entry.page;
}

/** Return where 'next' leads from `ms`: the next entry's start, or null after the last. */
export function nextStart(entries: readonly { start_ms: number }[], ms: number): number | null {
  const entry = entries[indexAt(entries, ms) + 1];
  return entry === undefined ? null : entry.start_ms;
}

/** Return where 'previous' leads from `ms`: this entry's start, or just after it the one before. */
export function previousStart(entries: readonly { start_ms: number }[], ms: number): number {
  const index = indexAt(entries, ms);
  const here = entries[index];
  if (here === undefined) return 0;
  if (ms - here.start_ms > RESTART_WINDOW_MS) return here.start_ms;
  return entries[index - 1]?.start_ms ?? 0;
}

/** Return `ms` within the recording. */
export function clampTime(ms: number, durationMs: number): number {
  if (!Number.isFinite(ms)) return 0;
  return Math.min(Math.max(0, ms), Math.max(0, durationMs));
}

/** Return the speed one step from `speed`: up for +1, down for -1; stays at either end. */
export function stepSpeed(speed: number, step: 1 | -1): number {
  const index = SPEEDS.indexOf(speed);
  if (index < 0) return 1;
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, index + step))] ?? 1;
}

/** Positions this close to either end are not worth going back to. */
const EDGE_MS = 5000;

/** Return where to go on from a remembered position, or 0 to begin at the beginning. */
export function resumeAt(savedMs: number | null, durationMs: number): number {
  if (savedMs === null || !Number.isFinite(savedMs)) return 0;
  return savedMs > EDGE_MS && savedMs < durationMs - EDGE_MS ? savedMs : 0;
}

/** Return whether a recording has `text` in what people look for it by; every word must be found. */
export function matches(
  recording: { title: string; subject: string; lecturer: { name: string }; school: { name: string } },
  text: string,
): boolean {
  const { title, subject, lecturer, school } = recording;
  const all = [title, subject, lecturer.name, school.name].join(' ').toLowerCase();
  return text
    .toLowerCase()
    .split(/\s+/)
    .every((word) => all.includes(word));
}

/** What a key asks of the player. */
export type KeyAction =
  | 'toggle'
  | 'back'
  | 'forward'
  | 'previousPage'
  | 'nextPage'
  | 'slower'
  | 'faster'
  | 'mute'
  | 'fullscreen'
  | 'start';

const KEYS: Readonly<Record<string, KeyAction>> = {
  ' ': 'toggle',
  k: 'toggle',
  ArrowLeft: 'back',
  ArrowRight: 'forward',
  PageUp: 'previousPage',
  PageDown: 'nextPage',
  '-': 'slower',
  '<': 'slower',
  '+': 'faster',
  '=': 'faster', // the key of + without shift
  '>': 'faster',
  m: 'mute',
  f: 'fullscreen',
  Home: 'start',
};

/** What the element with the focus does with keys itself: takes letters, is pressed by the space bar, or nothing. */
export type KeyUse = 'types' | 'presses' | 'nothing';

/** Return how an element uses keys, by its tag and, for an input, its type. */
export function keyUse(tag: string, type: string): KeyUse {
  if (tag === 'INPUT') {
    if (type === 'range') return 'nothing'; // the seek bar: its arrows are the player's
    return type === 'checkbox' ? 'presses' : 'types';
  }
  if (tag === 'SELECT' || tag === 'TEXTAREA') return 'types';
  return tag === 'BUTTON' || tag === 'A' ? 'presses' : 'nothing';
}

/** Return what `key` asks of the player, or null when the focused element uses it itself. */
export function keyAction(key: string, use: KeyUse): KeyAction | null {
  if (use === 'types' || (use === 'presses' && key === ' ')) return null;
  return KEYS[key.length === 1 ? key.toLowerCase() : key] ?? null;
}
