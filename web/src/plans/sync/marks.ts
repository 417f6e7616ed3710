/** Which plans a person marked to write without a network in this browser, and the end of such copies. Small: the
 *  page that people log out on needs no editor. */

export const nameOf = (person: string, plan: string): string => `tongtang-plan-${person}-${plan}`;
const listOf = (person: string): string => `tongtang-plans-${person}`;

type Marks = Record<string, { unsaved: boolean }>;

/** Return the plans that a person marked in this browser. */
export function markedPlans(person: string): Marks {
  try {
    return JSON.parse(localStorage.getItem(listOf(person)) ?? '{}') as Marks;
  } catch {
    return {};
  }
}

export function mark(person: string, plan: string, as: Marks[string] | null): void {
  const others = Object.entries(markedPlans(person)).filter(([one]) => one !== plan);
  const marks: Marks = Object.fromEntries(as ? [...others, [plan, as]] : others);
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
