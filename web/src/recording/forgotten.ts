/** A private word takes a minute or two; after this a pause is more likely forgotten than meant. */
export const REMIND_MS = 3 * 60_000;

/** Return whether a pause of `ms` should be asked about. */
export function isForgotten(ms: number): boolean {
  return ms >= REMIND_MS;
}

/** Return a pause of `ms` in whole minutes, as people say it. */
export function minutesOf(ms: number): number {
  return Math.floor(ms / 60_000);
}
