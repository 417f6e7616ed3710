/** The copy of a plan in this browser, for plans that a teacher marked to write without a network.
 *
 *  Computers in a school's office are shared: a copy belongs to one person, carries their id in its name, and goes when
 *  they log out, unless it holds words that the server does not have yet. Those wait for the same person. */
import { clearDocument, IndexeddbPersistence } from 'y-indexeddb';
import type * as Y from 'yjs';

const nameOf = (person: string, plan: string): string => `tongtang-plan-${person}-${plan}`;
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

function mark(person: string, plan: string, as: Marks[string] | null): void {
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
  await clearDocument(nameOf(person, plan));
}

/** One plan's copy, open. */
export class OfflineCopy {
  private constructor(
    private readonly stored: IndexeddbPersistence,
    private readonly person: string,
    private readonly plan: string,
    readonly generation: number,
    readonly wasUnsaved: boolean,
  ) {}

  /** Open the copy and put what is in it into `doc`. */
  static async open(person: string, plan: string, doc: Y.Doc): Promise<OfflineCopy> {
    const stored = new IndexeddbPersistence(nameOf(person, plan), doc);
    await stored.whenSynced;
    const generation = Number((await stored.get('generation')) ?? 0);
    const wasUnsaved = markedPlans(person)[plan]?.unsaved ?? false;
    const copy = new OfflineCopy(stored, person, plan, generation, wasUnsaved);
    copy.setUnsaved(wasUnsaved);
    return copy;
  }

  static isMarked(person: string, plan: string): boolean {
    return plan in markedPlans(person);
  }

  /** Return whether updates of this origin came out of a copy. */
  static isOrigin(origin: unknown): boolean {
    return origin instanceof IndexeddbPersistence;
  }

  setGeneration(generation: number): void {
    void this.stored.set('generation', generation);
  }

  /** Note whether it holds what the server does not have. */
  setUnsaved(unsaved: boolean): void {
    mark(this.person, this.plan, { unsaved });
  }

  /** Keep the copy, and stop writing into it. */
  async close(): Promise<void> {
    await this.stored.destroy();
  }

  /** Close and delete it. */
  async forget(): Promise<void> {
    await this.stored.destroy();
    await forgetCopy(this.person, this.plan);
  }
}
