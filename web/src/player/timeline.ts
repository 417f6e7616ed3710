/** Where a recording is: its page and chapter at a time, and the steps between them. Pure. */
import type { PageTurn } from './resource';

export interface Started {
  readonly start_ms: number;
}

export const SPEEDS: readonly number[] = [0.75, 1, 1.25, 1.5, 2];

/** A step back within this time of an entry's start goes to the entry before, as music players do. */
export const RESTART_WINDOW_MS = 3_000;
/** Positions this close to either end are not worth going back to. */
const EDGE_MS = 5_000;

/** Return the index of the last entry that began at or before `ms`, or -1; `entries` are sorted by start. */
export function indexAt(entries: readonly Started[], ms: number): number {
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
export const pageAt = (pages: readonly PageTurn[], ms: number): number =>
  pages[Math.max(0, indexAt(pages, ms))]?.page ?? 0;

/** Return where 'next' leads from `ms`: the next entry's start, or null after the last. */
export const nextStart = (entries: readonly Started[], ms: number): number | null =>
  entries[indexAt(entries, ms) + 1]?.start_ms ?? null;

/** Return where 'previous' leads from `ms`: this entry's start, or just after it the one before. */
export function previousStart(entries: readonly Started[], ms: number): number {
  const index = indexAt(entries, ms);
  const here = entries[index];
  if (here === undefined) return 0;
  if (ms - here.start_ms > RESTART_WINDOW_MS) return here.start_ms;
  return entries[index - 1]?.start_ms ?? 0;
}

/** Return `ms` within the recording. */
export const clampTime = (ms: number, durationMs: number): number =>
  Number.isFinite(ms) ? Math.min(Math.max(0, ms), Math.max(0, durationMs)) : 0;

/** Return the speed one step from `speed`: up for +1, down for -1; stays at either end. */
export function stepSpeed(speed: number, step: 1 | -1): number {
  const index = SPEEDS.indexOf(speed);
  if (index < 0) return 1;
  return SPEEDS[Math.min(SPEEDS.length - 1, Math.max(0, index + step))] ?? 1;
}

/** Return where to go on from a remembered position, or 0 to begin at the beginning. */
export function resumeAt(savedMs: number | null, durationMs: number): number {
  if (savedMs === null || !Number.isFinite(savedMs)) return 0;
  return savedMs > EDGE_MS && savedMs < durationMs - EDGE_MS ? savedMs : 0;
}

/** Return `1:02:03` or `2:03`, a place on the time line; negative and not-a-number become 0:00. */
export function clock(ms: number): string {
  const total = Number.isFinite(ms) ? Math.max(0, Math.floor(ms / 1000)) : 0;
  const hours = Math.floor(total / 3600);
  const minutes = Math.floor((total % 3600) / 60);
  const seconds = String(total % 60).padStart(2, '0');
  return hours > 0 ? `${hours}:${String(minutes).padStart(2, '0')}:${seconds}` : `${minutes}:${seconds}`;
}
