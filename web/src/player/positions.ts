/** Where each recording was left, kept in this browser; the oldest are forgotten. */

const STORED = 'tongtang.positions';
const MOST = 50;

type Positions = [id: string, ms: number][];

/** Return the positions in stored text, oldest first; anything unreadable counts as none. */
export function parsePositions(text: string | null): Positions {
  try {
    const parsed: unknown = JSON.parse(text ?? '[]');
    if (!Array.isArray(parsed)) return [];
    return parsed.filter(
      (entry): entry is [string, number] =>
        Array.isArray(entry) && typeof entry[0] === 'string' && typeof entry[1] === 'number',
    );
  } catch {
    return [];
  }
}

/** Return the positions with this one put last, and no more than are kept. */
export function withPosition(positions: Positions, id: string, ms: number): Positions {
  return [...positions.filter(([other]) => other !== id), [id, Math.round(ms)] as [string, number]].slice(
    -MOST,
  );
}

/** Return where the recording was left, or null. */
export function savedPosition(id: string): number | null {
  return parsePositions(localStorage.getItem(STORED)).find(([other]) => other === id)?.[1] ?? null;
}

/** Remember where the recording is left. */
export function savePosition(id: string, ms: number): void {
  try {
    const positions = withPosition(parsePositions(localStorage.getItem(STORED)), id, ms);
    localStorage.setItem(STORED, JSON.stringify(positions));
  } catch {
    // A full or forbidden storage costs the place in the recording, nothing else.
  }
}
