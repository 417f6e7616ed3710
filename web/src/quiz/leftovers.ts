/** Answers and photos that still lie on this device when their lesson is over: handed in afterwards, over HTTP. The
 *  server takes them only once the lesson has ended; until then they wait here for the lesson's own connection. */
import { FINAL, FINAL_PHOTO } from './finality';
import type { Batch, Outbox, Sent } from './outbox';
import type { Whose } from './outboxes';
import type { KeptPhoto } from './photoStore';

/** An answer that is not a success (docs/errors.md). */
export interface Failure {
  /** Of HTTP; 0 when no answer came. */
  status: number;
  code: string;
  message: string;
}

/** Where they lie and where they go. `addPhoto` and `hand` throw what `failure` reads. */
export interface Ways {
  kept: () => readonly Whose[];
  open: (whose: Whose) => Outbox;
  photos: {
    all: () => Promise<readonly KeptPhoto[]>;
    remove: (photo: KeptPhoto) => Promise<void>;
  };
  addPhoto: (photo: KeptPhoto) => Promise<{ id: string }>;
  hand: (whose: Whose, batch: Batch, source: string) => Promise<{ is_new: boolean }>;
  /** Null: a mistake of ours. */
  failure: (error: unknown) => Failure | null;
}

export interface Handed {
  /** Answers that the server did not have. */
  answers: number;
  /** Why others were refused for good. */
  refusals: readonly string[];
  /** Answers that the line, not the server, held back. */
  waiting: number;
}

const sizeOf = (batch: Batch): number => Math.max(1, batch.answers.length);

export async function handIn(ways: Ways): Promise<Handed> {
  const photos = await ways.photos.all();
  const found = new Map<string, Whose>();
  for (const one of [...ways.kept(), ...photos])
    found.set(`${one.lesson}.${one.classroom}`, { lesson: one.lesson, classroom: one.classroom });
  const total = { answers: 0, refusals: [] as string[], waiting: 0 };
  for (const whose of found.values()) {
    const own = photos.filter((one) => one.lesson === whose.lesson && one.classroom === whose.classroom);
    const handed = await handInOf(ways, whose, own);
    total.answers += handed.answers;
    total.refusals.push(...handed.refusals);
    total.waiting += handed.waiting;
  }
  return total;
}

function raise(error: unknown): never {
  throw error;
}

/** Batches first: whether the lesson is over is asked by them, and a photo for nothing is 200 kB. */
async function handInOf(ways: Ways, whose: Whose, photos: readonly KeptPhoto[]): Promise<Handed> {
  const box = ways.open(whose);
  const refusals: string[] = [];
  let answers = 0;
  let isLineDown = false;
  const failed = (error: unknown, final: ReadonlySet<string>): Sent => {
    const { status, code, message } = ways.failure(error) ?? raise(error);
    if (final.has(code)) return { refused: message };
    isLineDown ||= status === 0 || status === 429 || status >= 500;
    return 'again';
  };
  const flush = async (): Promise<void> => {
    const why = await box.flush(async (batch, source) => {
      try {
        if ((await ways.hand(whose, batch, source)).is_new) answers += sizeOf(batch);
        return 'taken';
      } catch (error) {
        return failed(error, LATE_FINAL);
      }
    });
    refusals.push(...why);
  };

  await flush();
  let left = [...photos];
  while (left[0] && box.waiting.length === 0) {
    const [photo, ...others] = left;
    let sent: Sent = 'taken';
    try {
      const { id } = await ways.addPhoto(photo);
      box.give(photo.question, [{ pupil: photo.pupil, value: id }]);
    } catch (error) {
      sent = failed(error, FINAL_PHOTO);
    }
    if (sent === 'again') break;
    if (sent !== 'taken') refusals.push(sent.refused);
    await ways.photos.remove(photo); // its answer is kept with the others now
    left = others;
    await flush();
  }
  const waiting = box.waiting.reduce((sum, batch) => sum + sizeOf(batch), 0) + left.length;
  return { answers, refusals, waiting: isLineDown ? waiting : 0 };
}

/** Whoever is logged in on this device now may not be the one who taught: their answers are not thrown away. */
const LATE_FINAL: ReadonlySet<string> = new Set(
  [...FINAL, 'field_invalid', 'json_malformed'].filter((code) => code !== 'not_allowed'),
);
