/** Two people wrote minutes from the same text: put both together, line by line. Pure. */

interface Change {
  from: number;
  to: number;
  lines: string[];
}

/** Return which lines of `base` became which lines, as one stretch; null: nothing changed. */
function changeOf(base: string[], next: string[]): Change | null {
  const most = Math.min(base.length, next.length);
  let head = 0;
  while (head < most && base[head] === next[head]) head += 1;
  if (head === base.length && head === next.length) return null;
  let tail = 0;
  while (tail < most - head && base[base.length - 1 - tail] === next[next.length - 1 - tail]) tail += 1;
  return { from: head, to: base.length - tail, lines: next.slice(head, next.length - tail) };
}

/** Return the text with both changes, theirs first where both added at one place; null: both changed the same lines. */
export function mergeText(base: string, mine: string, theirs: string): string | null {
  const lines = base.split('\n');
  const own = changeOf(lines, mine.split('\n'));
  const other = changeOf(lines, theirs.split('\n'));
  if (!own) return theirs;
  if (!other) return mine;
  const bothAdd = own.from === own.to && other.from === other.to && own.from === other.from;
  if (!bothAdd && own.from < other.to && other.from < own.to) return null;
  if (!bothAdd && own.from === other.from) return null; // one adds where the other changes: who knows which goes first
  const ordered = own.from > other.from || bothAdd ? [own, other] : [other, own];
  for (const { from, to, lines: added } of ordered) lines.splice(from, to - from, ...added);
  return lines.join('\n');
}
