/** Text with marked places, as the search answers it. Pure. */

export interface Snippet {
  text: string;
  /** Begin and end of each place, in characters of the server: code points, not UTF-16 units. */
  marks: [number, number][];
}

export interface Piece {
  text: string;
  isMarked: boolean;
}

/** Return the text in pieces, in order. */
export function pieces(snippet: Snippet): Piece[] {
  const characters = [...snippet.text];
  const found: Piece[] = [];
  const add = (from: number, to: number, isMarked: boolean): void => {
    const text = characters.slice(from, to).join('');
    if (text) found.push({ text, isMarked });
  };
  let at = 0;
  for (const [from, to] of snippet.marks) {
    add(at, from, false);
    add(from, to, true);
    at = to;
  }
  add(at, characters.length, false);
  return found;
}
