/** Values of attributes as other writers of the document may have left them: numbers as text, text as numbers. */

/** Return a whole number of at least `least`, or `otherwise`. */
export function whole(value: unknown, otherwise: number, least = 0): number {
  const number = Math.trunc(Number(value));
  return value !== null && value !== '' && Number.isFinite(number) && number >= least ? number : otherwise;
}

/** Return a whole number of at least 1, or null. */
export function wholeOrNull(value: unknown): number | null {
  return whole(value, 0, 1) || null;
}

export function words(value: unknown): string {
  return typeof value === 'string' ? value : '';
}
