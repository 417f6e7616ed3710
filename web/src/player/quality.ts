/** Which rendition the link carries: falls when playing stands still, climbs when there is room again.
 *
 *  Theory of operation. A plain media element tells how much it has ahead, and whether it stands still. What grew ahead in
 *  a time, times the rendition's rate, is what the link carried, while the element is hungry; one that has enough stops
 *  fetching and tells nothing. So falling follows what is seen (a stall), and where to is chosen by the estimate; climbing
 *  is tried beside what plays, and only a try that got ready takes its place. A try that fails, and a fall soon after a climb, doubles
 *  the wait before the next. Pure: `now` is monotonic milliseconds. */

export interface Level {
  readonly name: string;
  readonly bps: number;
}

export interface Look {
  readonly nowMs: number;
  readonly playing: boolean;
  /** Playing is wanted and nothing is there to play. */
  readonly stalled: boolean;
  readonly aheadMs: number;
  /** The rendition's end is among what is ahead: the link is not asked any more. */
  readonly isAll: boolean;
}

export type Advice = { readonly kind: 'stay' } | { readonly kind: 'fall' | 'try'; readonly to: number };

const STAY: Advice = { kind: 'stay' };
export const STALL_MS = 2_000; // one that lasts this long is a fall: less is a hiccup
const STALLS = 3; // shorter ones within STALLS_MS are as good as a long one
const STALLS_MS = 30_000;
const SETTLE_MS = 1_500; // after a start, a seek or a change: filling the buffer is no stall
export const CLIMB_FIRST_MS = 20_000;
const CLIMB_MOST_MS = 300_000;
const CLIMB_AHEAD_MS = 8_000; // what plays must be safe before the link is shared with a try
const ROOM = 1.4; // of an estimate over a rendition's average rate: pictures come in bursts
const WEIGH = 0.3; // of a new estimate
const LEAST_SPAN_MS = 400; // between two looks that make an estimate
const GROWS = 1.2; // what is ahead grows this much faster than it is played: the element fetches as fast as it can
const FORGET_MS = 60_000; // an estimate this old says nothing of the link any more

export class QualityRule {
  at: number;
  /** What the link was seen to carry at least, in bits per second; 0: not known. */
  estimateBps = 0;
  private stalledSince: number | null = null;
  private stalls: number[] = [];
  private estimatedAt = 0;
  private settleUntil = 0;
  private calmSince = 0;
  private waitMs = CLIMB_FIRST_MS;
  private climbedAt: number | null = null;
  private isTrying = false;
  private last: { nowMs: number; aheadMs: number; playing: boolean } | null = null;

  constructor(
    private readonly levels: readonly Level[],
    at: number,
    nowMs: number,
  ) {
    this.at = at;
    this.calmSince = nowMs;
    this.settle(nowMs);
  }

  /** Say what the link carried as something else was fetched. */
  measured(bps: number, nowMs: number): void {
    this.estimatedAt = nowMs;
    this.estimateBps = this.estimateBps === 0 ? bps : this.estimateBps * (1 - WEIGH) + bps * WEIGH;
  }

  /** A start, a seek or a change: what is ahead begins anew. */
  settle(nowMs: number): void {
    this.settleUntil = nowMs + SETTLE_MS;
    this.stalledSince = this.last = null;
  }

  look(now: Look): Advice {
    this.estimate(now);
    if (this.noteStall(now)) return this.fall(now.nowMs);
    if (this.at === 0 || this.isTrying || !now.playing || now.stalled) return STAY;
    const isSafe = now.aheadMs >= CLIMB_AHEAD_MS || now.isAll;
    if (!isSafe || now.nowMs - this.calmSince < this.waitMs) return STAY;
    const wanted = this.levels[this.at - 1];
    if (!wanted || (this.estimateBps > 0 && !now.isAll && this.estimateBps < wanted.bps)) return STAY;
    this.isTrying = true;
    return { kind: 'try', to: this.at - 1 };
  }

  /** A try ended: it is ready and plays now, or it did not get ready in its time. */
  tried(isReady: boolean, nowMs: number): void {
    this.isTrying = false;
    this.calmSince = nowMs;
    if (!isReady) this.waitMs = Math.min(CLIMB_MOST_MS, this.waitMs * 2);
    else {
      this.at -= 1;
      this.climbedAt = nowMs;
      this.settle(nowMs);
    }
  }

  /** Somebody chose a level. */
  set(at: number, nowMs: number): void {
    this.at = at;
    this.isTrying = false;
    this.calmSince = nowMs;
    this.stalls = [];
    this.settle(nowMs);
  }

  /** Return whether playing has stood still so long, or so often, that less must be asked of the link. */
  private noteStall({ nowMs, stalled }: Look): boolean {
    if (!stalled || nowMs < this.settleUntil) {
      if (!stalled) this.stalledSince = null;
      return false;
    }
    if (this.stalledSince === null) {
      this.stalledSince = nowMs;
      this.calmSince = nowMs;
      this.stalls = [...this.stalls.filter((at) => nowMs - at < STALLS_MS), nowMs];
    }
    return nowMs - this.stalledSince >= STALL_MS || this.stalls.length >= STALLS;
  }

  private fall(nowMs: number): Advice {
    if (this.at >= this.levels.length - 1) return STAY;
    let to = this.at + 1;
    while (to < this.levels.length - 1 && this.estimateBps < (this.levels[to]?.bps ?? 0) * ROOM) to += 1;
    const isRegretted = this.climbedAt !== null && nowMs - this.climbedAt < 2 * this.waitMs;
    this.waitMs = isRegretted ? Math.min(CLIMB_MOST_MS, this.waitMs * 2) : CLIMB_FIRST_MS;
    this.climbedAt = null;
    this.set(to, nowMs);
    return { kind: 'fall', to };
  }

  private estimate({ nowMs, aheadMs, playing, isAll }: Look): void {
    const { last } = this;
    if (last && nowMs - last.nowMs < LEAST_SPAN_MS) return;
    this.last = { nowMs, aheadMs, playing };
    if (!last || isAll || nowMs < this.settleUntil) return;
    const played = playing && last.playing ? nowMs - last.nowMs : 0;
    const came = aheadMs - last.aheadMs + Math.min(played, Math.max(0, last.aheadMs));
    const isHungry = aheadMs < CLIMB_AHEAD_MS || came > GROWS * Math.max(played, nowMs - last.nowMs);
    if (isHungry && came > 0)
      this.measured(((this.levels[this.at]?.bps ?? 0) * came) / (nowMs - last.nowMs), nowMs);
    else if (nowMs - this.estimatedAt > FORGET_MS) this.estimateBps = 0;
  }
}

/** Return where to begin: the best that the link carries with room, or when nothing is known of it the leanest. */
export function firstLevel(levels: readonly Level[], bps: number): number {
  const found = levels.findIndex((level) => level.bps * ROOM <= bps);
  return found < 0 ? levels.length - 1 : found;
}
