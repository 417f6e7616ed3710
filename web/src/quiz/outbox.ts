/** Answers on their way to the lesson. They are kept on this device until the server has them: neither an outage nor a
 *  reload loses one, and a batch that arrives twice counts once (its device and number are part of it). */
import type { Answer, QuestionId } from '@/generated/messages';

/** What changes together. `tried`: it may have arrived, so it is never changed any more. */
export interface Batch {
  question: QuestionId;
  revision: number;
  answers: readonly Answer[];
  /** A count of hands in place of names. */
  hands: { counts: readonly number[]; of: number } | null;
  tried: boolean;
}

/** How an attempt ended: taken, to be tried again, or refused for good, with the reason. */
export type Sent = 'taken' | 'again' | { refused: string };

export type Store = Pick<Storage, 'getItem' | 'setItem'>;

interface Kept {
  source: string;
  revision: number;
  queue: Batch[];
}

const MOST = 200; // batches; a lesson's questions merge into far fewer. The oldest tried ones go first

export class Outbox {
  private kept: Kept;
  private busy = false;

  /** @param random - returns 8 to 32 letters and digits that no other device has. */
  constructor(
    private readonly store: Store,
    private readonly key: string,
    random: () => string,
  ) {
    this.kept = load(store, key) ?? { source: random(), revision: 0, queue: [] };
  }

  get source(): string {
    return this.kept.source;
  }

  get waiting(): readonly Batch[] {
    return this.kept.queue;
  }

  /** Answers that are not taken yet, over what the lesson knows. */
  pending(question: QuestionId): ReadonlyMap<string, string> {
    const own = this.kept.queue.filter((batch) => batch.question === question);
    return new Map(own.flatMap((batch) => batch.answers.map((one) => [one.pupil, one.value])));
  }

  give(question: QuestionId, answers: readonly Answer[]): void {
    const last = this.kept.queue[this.kept.queue.length - 1];
    if (last && !last.tried && last.question === question && !last.hands) {
      const values = new Map([...last.answers, ...answers].map((one) => [one.pupil, one.value]));
      last.answers = [...values].map(([pupil, value]) => ({ pupil, value }));
      this.save();
    } else this.add(question, answers, null);
  }

  countHands(question: QuestionId, counts: readonly number[], of: number): void {
    this.add(question, [], { counts, of });
  }

  /** Send what waits, in order, until it is all taken or the line is down. Returns the reasons of refusals. */
  async flush(send: (batch: Batch, source: string) => Promise<Sent>): Promise<readonly string[]> {
    const refusals: string[] = [];
    if (this.busy) return refusals;
    this.busy = true;
    try {
      for (let batch = this.kept.queue[0]; batch; batch = this.kept.queue[0]) {
        batch.tried = true;
        this.save();
        const sent = await send(batch, this.kept.source);
        if (sent === 'again') break;
        if (sent !== 'taken') refusals.push(sent.refused);
        this.kept.queue = this.kept.queue.filter((one) => one !== batch);
        this.save();
      }
    } finally {
      this.busy = false;
    }
    return refusals;
  }

  private add(question: QuestionId, answers: readonly Answer[], hands: Batch['hands']): void {
    this.kept.revision += 1;
    this.kept.queue.push({ question, revision: this.kept.revision, answers, hands, tried: false });
    this.kept.queue = this.kept.queue.slice(-MOST);
    this.save();
  }

  private save(): void {
    try {
      this.store.setItem(this.key, JSON.stringify(this.kept));
    } catch {
      // A full disk: what waits is still on the page and goes when the line is back.
    }
  }
}

function load(store: Store, key: string): Kept | null {
  try {
    const value = JSON.parse(store.getItem(key) ?? 'null') as Partial<Kept> | null;
    if (typeof value?.source !== 'string' || typeof value.revision !== 'number') return null;
    if (!Array.isArray(value.queue)) return null;
    return { source: value.source, revision: value.revision, queue: value.queue };
  } catch {
    return null; // blocked or broken storage: this page is a device of its own
  }
}
