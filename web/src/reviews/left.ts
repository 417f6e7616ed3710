/** How much of a segment's time is left, in the words of a line. Pure. */
export interface Left {
  kind: 'left' | 'lastMinute' | 'over' | 'noTime';
  minutes: number;
}

/** `minutes`: planned, 0: not said; `spentMs`: in the segment so far, in all its visits. */
export function leftOf(minutes: number, spentMs: number): Left {
  if (minutes <= 0) return { kind: 'noTime', minutes: 0 };
  const leftMs = minutes * 60_000 - spentMs;
  if (leftMs >= 60_000) return { kind: 'left', minutes: Math.round(leftMs / 60_000) };
  if (leftMs > -60_000) return { kind: 'lastMinute', minutes: 0 };
  return { kind: 'over', minutes: Math.floor(-leftMs / 60_000) };
}
