/** Until when this browser saw which lesson, so that a page that was reloaded, or a computer that lost its power, knows
 *  what it missed. Only the last lesson is kept. */

const STORED = 'tongtang.seen';
const EVERY_MS = 2_000;
let written = Number.NEGATIVE_INFINITY;
let before: { id: string; ms: number | null } | null = null;

/** Until when an earlier page of this browser saw the lesson, in the room's time; null: it never did. */
export function lastSeen(id: string): number | null {
  if (before?.id !== id) before = { id, ms: read(id) };
  return before.ms;
}

export function rememberSeen(id: string, ms: number): void {
  lastSeen(id); // what an earlier page wrote is read before it is overwritten
  if (ms - written < EVERY_MS && ms >= written) return;
  written = ms;
  try {
    localStorage.setItem(STORED, JSON.stringify([id, Math.round(ms)]));
  } catch {
    // A full or forbidden storage costs one offer after a reload, nothing else.
  }
}

function read(id: string): number | null {
  try {
    const parsed: unknown = JSON.parse(localStorage.getItem(STORED) ?? 'null');
    if (Array.isArray(parsed) && parsed[0] === id && typeof parsed[1] === 'number') return parsed[1];
  } catch {
    return null;
  }
  return null;
}
