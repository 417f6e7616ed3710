/** Who is here: what the awareness of the document says of others, read with care, for it is written by them. */
import type { Awareness } from 'y-protocols/awareness';
import type { Author } from '../types';
import { colourOf } from './colours';
import { element } from '../nodes/dom';

export interface Here extends Author {
  colour: string;
  /** Whether this is oneself. */
  isMe: boolean;
  /** How many pages of theirs show the plan. */
  pages: number;
}

const text = (value: unknown): string => (typeof value === 'string' ? value.slice(0, 60) : '');

function author(state: Record<string, unknown>): Author | null {
  const user = state.user as Record<string, unknown> | undefined;
  const id = text(user?.id);
  return id ? { id, name: text(user?.name), school: text(user?.school) } : null;
}

/** Return everybody whose page shows the plan, oneself first, each once. */
export function peopleHere(states: ReadonlyMap<number, Record<string, unknown>>, me: string): Here[] {
  const found = new Map<string, Here>();
  for (const state of states.values()) {
    const one = author(state ?? {});
    if (!one) continue;
    const known = found.get(one.id);
    if (known) known.pages += 1;
    else found.set(one.id, { ...one, colour: colourOf(one.id), isMe: one.id === me, pages: 1 });
  }
  return [...found.values()].sort(
    (a, b) => Number(b.isMe) - Number(a.isMe) || a.name.localeCompare(b.name, 'zh'),
  );
}

/** Return who of the others has a caret within [from, to], by what `positions` tells of each. */
export function writersWithin(
  awareness: Awareness,
  me: string,
  isWithin: (clientId: number) => boolean,
): string[] {
  const names = new Set<string>();
  for (const [clientId, state] of awareness.getStates()) {
    const one = author(state as Record<string, unknown>);
    if (one && one.id !== me && clientId !== awareness.clientID && isWithin(clientId)) names.add(one.name);
  }
  return [...names];
}

/** Return the caret of another: a line with name and school. */
export function caret(user: Record<string, unknown>): HTMLElement {
  const name = text(user.name);
  const made = element('span', 'caret', '', { 'data-person': text(user.id) });
  made.style.setProperty('--caret', colourOf(text(user.id)));
  const label = element('span', 'caret__label', name, { 'aria-hidden': 'true' });
  label.append(element('small', '', text(user.school)));
  made.append(label); // no text beside it: Chromium's own caret went into it, and letters typed there were lost
  return made;
}

/** Return what marks the text that another has selected. */
export function selection(user: Record<string, unknown>): Record<string, string> {
  return { class: 'chosen-by', style: `--caret: ${colourOf(text(user.id))}` };
}
