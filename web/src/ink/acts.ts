/** What this screen did, to take back and do again: of each surface by itself, the last first. */
import { lastOf } from './points';

export interface Act {
  readonly kind: 'added' | 'removed';
  readonly surface: string;
  /** The objects: by their ids, or own ones by their numbers as long as they have no id. */
  readonly ids: readonly string[];
  readonly ns: readonly number[];
}

const MAX_ACTS = 200;

export class Acts {
  private done: Act[] = [];
  private undone: Act[] = [];

  /** Something new was done: what was undone before cannot be done again. */
  add(act: Act): void {
    this.done = [...this.done, act].slice(-MAX_ACTS);
    this.undone = [];
  }

  /** More objects went with the last act, if that was a removal here; else it is an act of its own. */
  addRemoved(surface: string, ids: readonly string[], sameWipe: boolean): void {
    const last = lastOf(this.done);
    if (sameWipe && last?.kind === 'removed' && last.surface === surface)
      this.done[this.done.length - 1] = { ...last, ids: [...last.ids, ...ids] };
    else this.add({ kind: 'removed', surface, ids, ns: [] });
  }

  canUndo(surface: string): boolean {
    return place(this.done, surface) >= 0;
  }

  canRedo(surface: string): boolean {
    return place(this.undone, surface) >= 0;
  }

  /** Return the act to take back. */
  undo(surface: string): Act | null {
    return move(this.done, this.undone, surface);
  }

  /** Return the act to do again. */
  redo(surface: string): Act | null {
    return move(this.undone, this.done, surface);
  }

  /** An act that is not known here, of before a reload, was taken back. */
  tookBack(act: Act): void {
    this.undone.push(act);
  }
}

function place(acts: readonly Act[], surface: string): number {
  let at = acts.length - 1;
  while (at >= 0 && acts[at]?.surface !== surface) at -= 1;
  return at;
}

function move(from: Act[], to: Act[], surface: string): Act | null {
  const at = place(from, surface);
  const act = at < 0 ? null : (from.splice(at, 1)[0] ?? null);
  if (act) to.push(act);
  return act;
}
