/** A rubric while it is written: rows with ids that the server takes. Pure. */
import type { Rubric, RubricItem, Side } from './types';

export interface Draft {
  /** Of the rubric that gets its next version; empty: a new one. */
  readonly id: string;
  title: string;
  levels: string;
  items: RubricItem[];
}

export const MAX_ITEMS = 40; // as the server has it
const COMMA = /[,，、;；\n]+/;

/** Return a draft: the next version of a group's rubric, or a new one that begins with what the common one asks. */
export function draftOf(from: Rubric, isNew: boolean): Draft {
  return {
    id: isNew ? '' : from.id,
    title: isNew ? '' : from.title,
    levels: from.levels.join('、'),
    items: from.items.map((one) => ({ ...one })),
  };
}

export function addItem(draft: Draft, area: string, side: Side): void {
  const taken = new Set(draft.items.map((one) => one.id));
  let number = draft.items.length + 1;
  while (taken.has(`item_${number}`)) number += 1;
  draft.items.push({ id: `item_${number}`, area, side, text: '', hint: '' });
}

/** Move an item by one place; nothing happens at either end. */
export function moveItem(draft: Draft, from: number, by: 1 | -1): void {
  const [one] = draft.items.slice(from, from + 1);
  const to = from + by;
  if (!one || to < 0 || to >= draft.items.length) return;
  draft.items.splice(from, 1);
  draft.items.splice(to, 0, one);
}

export interface RubricBody {
  id: string;
  title: string;
  items: RubricItem[];
  levels: string[];
}

/** Return what is sent: without rows that say nothing. */
export function bodyOf(draft: Draft): RubricBody {
  const items = draft.items
    .map((one) => ({ ...one, area: one.area.trim(), text: one.text.trim(), hint: one.hint.trim() }))
    .filter((one) => one.text && one.area);
  const levels = draft.levels
    .split(COMMA)
    .map((one) => one.trim())
    .filter(Boolean);
  return { id: draft.id, title: draft.title.trim(), items, levels };
}

export const isWhole = (body: RubricBody): boolean =>
  body.title !== '' && body.items.length > 0 && body.items.length <= MAX_ITEMS && body.levels.length >= 2;
