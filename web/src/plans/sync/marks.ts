/** Which plans a person marked to write without a network in this browser, what stands on their covers, and the end of
 *  such copies. Small: the page that people log out on needs no editor. */
import type { Me } from '@/api/types';
import type { Plan } from '../api';

export const nameOf = (person: string, plan: string): string => `tongtang-plan-${person}-${plan}`;
const listOf = (person: string): string => `tongtang-plans-${person}`;

export interface Mark {
  /** Whether the copy holds what the server does not have. */
  unsaved: boolean;
  /** Whether the person could only read it when it was connected last. */
  readOnly?: boolean;
  /** As it was when it was loaded last. */
  cover?: Plan;
}

type Marks = Record<string, Mark>;

const SEEN_LAST = 'tongtang-person';

/** Note who the server says is logged in here: without a network their copies are opened, and nobody else's. */
export function notePerson(me: Me | null): void {
  try {
    if (me) localStorage.setItem(SEEN_LAST, JSON.stringify(me));
    else localStorage.removeItem(SEEN_LAST);
  } catch {
    // No storage: no copies either.
  }
}

/** Return who was logged in here when the server was asked last, with the cover of their copy of a plan. */
export function keptCover(plan: string): { me: Me; cover: Plan } | null {
  try {
    const me = JSON.parse(localStorage.getItem(SEEN_LAST) ?? 'null') as Me | null;
    const cover = me && markedPlans(me.id)[plan]?.cover;
    return me && cover ? { me, cover } : null;
  } catch {
    return null;
  }
}

/** Return the plans that a person marked in this browser. */
export function markedPlans(person: string): Marks {
  try {
    return JSON.parse(localStorage.getItem(listOf(person)) ?? '{}') as Marks;
  } catch {
    return {};
  }
}

/** Mark a plan, or note more of one that is marked; null: mark it no longer. */
export function mark(person: string, plan: string, as: Partial<Mark> | null): void {
  const known = markedPlans(person);
  const others = Object.entries(known).filter(([one]) => one !== plan);
  const marks: Marks = Object.fromEntries(
    as ? [...others, [plan, { unsaved: false, ...known[plan], ...as }]] : others,
  );
  try {
    localStorage.setItem(listOf(person), JSON.stringify(marks));
  } catch {
    // Storage that is full or forbidden: the plan is written with a network only.
  }
}

/** Forget the copies of a person who logs out, but none that holds what only this browser has. */
export async function wipeCopies(person: string): Promise<void> {
  for (const [plan, { unsaved }] of Object.entries(markedPlans(person))) {
    if (!unsaved) await forgetCopy(person, plan);
  }
}

export async function forgetCopy(person: string, plan: string): Promise<void> {
  mark(person, plan, null);
  await new Promise<void>((resolve) => {
    const gone = indexedDB.deleteDatabase(nameOf(person, plan));
    gone.onsuccess = gone.onerror = gone.onblocked = () => resolve();
  });
}
