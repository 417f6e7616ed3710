/** Times and lengths of meetings as people say them. Pure. */

/** Return 11月22日 14:30, or Nov 22, 14:30. */
export function dateWords(iso: string, locale: string): string {
  return new Date(iso).toLocaleString(locale, {
    month: 'long',
    day: 'numeric',
    hour: '2-digit',
    minute: '2-digit',
    hour12: false,
  });
}

/** Return 14:30. */
export function timeWords(iso: string, locale: string): string {
  return new Date(iso).toLocaleTimeString(locale, { hour: '2-digit', minute: '2-digit', hour12: false });
}

/** Return 11月22日. */
export function dayWords(iso: string, locale: string): string {
  return new Date(iso).toLocaleDateString(locale, { month: 'long', day: 'numeric' });
}

/** Return how many ms an item of the agenda has left at `nowMs`; negative: it is over time. */
export function leftMs(since: string, minutes: number, nowMs: number): number {
  return Date.parse(since) + minutes * 60_000 - nowMs;
}

/** Return the day (2026-11-22) so many days after `nowMs`, by this device's calendar. */
export function dayAhead(nowMs: number, days: number): string {
  const date = new Date(nowMs);
  date.setDate(date.getDate() + days);
  const pad = (n: number): string => String(n).padStart(2, '0');
  return `${date.getFullYear()}-${pad(date.getMonth() + 1)}-${pad(date.getDate())}`;
}
