/** When this room was cut off from the lesson. Pure: it hears how things are and on which lesson time. */

export interface Outage {
  fromMs: number;
  toMs: number;
  /** `late`: the room was not there before. */
  kind: 'outage' | 'late';
}

export const WORTH_MS = 5_000; // shorter ones are gone before anybody could ask for them
const LATE_WORTH_MS = 20_000; // the first words of a lesson are good morning
const MARGIN_MS = 2_000; // media stops before it is noticed, and a sentence begins before it is cut
const JOIN_MS = 60_000; // two outages with less between them are replayed as one

export class OutageWatch {
  private brokenSinceMs: number | null = null;
  private isFirst = true;

  /** How the lesson is at `nowMs`, the room's time. `seenMs`: until when an earlier page of this room saw it.
   *  Returns what should be offered for a replay, when an outage is just over. */
  hear(well: boolean, nowMs: number, startedMs: number, seenMs: number | null): Outage | null {
    if (!well) {
      if (!this.isFirst) this.brokenSinceMs ??= nowMs;
      return null;
    }
    if (this.isFirst) {
      this.isFirst = false;
      return this.arrival(nowMs, startedMs, seenMs);
    }
    const sinceMs = this.brokenSinceMs;
    this.brokenSinceMs = null;
    if (sinceMs === null || nowMs - sinceMs < WORTH_MS) return null;
    return { fromMs: Math.max(startedMs, sinceMs - MARGIN_MS), toMs: nowMs, kind: 'outage' };
  }

  private arrival(nowMs: number, startedMs: number, seenMs: number | null): Outage | null {
    if (seenMs !== null && seenMs >= startedMs) {
      if (nowMs - seenMs < WORTH_MS + MARGIN_MS) return null;
      return { fromMs: Math.max(startedMs, seenMs - MARGIN_MS), toMs: nowMs, kind: 'outage' };
    }
    if (nowMs - startedMs < LATE_WORTH_MS) return null;
    return { fromMs: startedMs, toMs: nowMs, kind: 'late' };
  }
}

/** Return the offer after a further outage: near ones are one. */
export function joined(before: Outage | null, next: Outage): Outage {
  if (!before || next.fromMs - before.toMs > JOIN_MS) return next;
  return { ...next, fromMs: before.fromMs, kind: before.kind };
}
