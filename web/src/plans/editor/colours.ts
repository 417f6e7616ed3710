/** The colours of carets: white words on each have a contrast of at least 7:1. A colour is never the only mark. */
export const COLOURS = [
  ...['#075e4c', '#8a1c4a', '#1f4e8c', '#6b3f00', '#5a2d91', '#7c2d12', '#155e63', '#3f4a1a'],
] as const;

/** Return the colour of a person: the same on every screen. */
export function colourOf(person: string): string {
  let sum = 0;
  for (const letter of person) sum = (sum * 31 + (letter.codePointAt(0) ?? 0)) % 65_521;
  return COLOURS[sum % COLOURS.length] ?? COLOURS[0];
}
