/** A line of a group's log, as a sentence. */
import type { Activity } from './types';

type Say = (key: string, values: Record<string, unknown>) => string;

/** What the sentences are made of; what is missing in an old entry is said as nothing. */
const NAMES = ['name', 'title', 'text', 'number', 'version', 'school'] as const;

/** Return what was done, to stand behind the name of who did it.
 *
 * @param say translates a key of `research`.
 * @param knows whether there are words for a kind: a newer server may have written one that this page does not know.
 */
export function sentence(entry: Activity, say: Say, knows: (kind: string) => boolean): string {
  const kind = entry.kind.replace('.', '_');
  if (!knows(kind)) return say('research.say.other', {});
  const values: Record<string, unknown> = {};
  for (const name of NAMES) values[name] = entry.data[name] ?? '';
  if (typeof entry.data.role === 'string') values.role = say(`research.role.${entry.data.role}`, {});
  if (typeof entry.data.what === 'string') values.what = say(`research.calendar.kind.${entry.data.what}`, {});
  return say(`research.say.${kind}`, values).replace('“”', '').trim();
}

/** Return the page that an entry is about, or null. */
export function pageOf(entry: Activity): string | null {
  if (entry.kind.startsWith('review.') && entry.object_id) return `/reviews/${entry.object_id}`;
  return entry.plan_id ? `/plans/${entry.plan_id}` : null;
}

export interface Line {
  entry: Activity;
  /** How often the same was done at once: a weekly gathering is written once for each week. */
  times: number;
}

const AT_ONCE_MS = 2_000;

/** Return the entries with those that say the same, of the same moment, folded into one line. */
export function folded(entries: readonly Activity[]): Line[] {
  const lines: Line[] = [];
  for (const entry of entries) {
    const last = lines[lines.length - 1];
    if (last && isSame(last.entry, entry)) last.times += 1;
    else lines.push({ entry, times: 1 });
  }
  return lines;
}

function isSame(one: Activity, other: Activity): boolean {
  return (
    one.kind === other.kind &&
    one.actor_id === other.actor_id &&
    one.data.title !== undefined &&
    one.data.title === other.data.title &&
    one.kind.startsWith('gathering.') &&
    Math.abs(one.ts_ms - other.ts_ms) < AT_ONCE_MS
  );
}
