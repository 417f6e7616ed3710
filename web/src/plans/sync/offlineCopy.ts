/** The copy of a plan in this browser, for plans that a teacher marked to write without a network.
 *
 *  Computers in a school's office are shared: a copy belongs to one person, carries their id in its name, and goes when
 *  they log out, unless it holds words that the server does not have yet. Those wait for the same person. */
import { IndexeddbPersistence } from 'y-indexeddb';
import type * as Y from 'yjs';
import { forgetCopy, mark, markedPlans, nameOf } from './marks';

/** One plan's copy, open. */
export class OfflineCopy {
  private constructor(
    private readonly stored: IndexeddbPersistence,
    private readonly person: string,
    private readonly plan: string,
    readonly generation: number,
    readonly wasUnsaved: boolean,
    readonly wasReadOnly: boolean,
  ) {}

  /** Open the copy and put what is in it into `doc`. */
  static async open(person: string, plan: string, doc: Y.Doc): Promise<OfflineCopy> {
    const stored = new IndexeddbPersistence(nameOf(person, plan), doc);
    await stored.whenSynced;
    const generation = Number((await stored.get('generation')) ?? 0);
    const { unsaved: wasUnsaved = false, readOnly = true } = markedPlans(person)[plan] ?? {};
    const copy = new OfflineCopy(stored, person, plan, generation, wasUnsaved, readOnly);
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

  /** Note whether the person may only read it. */
  setReadOnly(readOnly: boolean): void {
    mark(this.person, this.plan, { readOnly });
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
