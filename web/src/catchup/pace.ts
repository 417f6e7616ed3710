/** Where a replay is on the lesson's time, and when it has caught up. Pure: `atMs` is the caller's clock. */

export const END_LAG_MS = 3_000; // recorded sound is 1.3 to 2.5 s behind live: nearer than this is live
const STUCK_LAG_MS = 8_000; // nobody spoke just now, and all that is named has been played
const STUCK_MS = 1_000; // of a voice that should play: a seam that the browser does not get over by itself
const NUDGE_MS = 250;
const HOLE_MS = 2_500; // of nothing at all: passed over at once

export interface Surroundings {
  /** Until when the voice can play from here without a gap, or null. */
  voiceUntilMs: number | null;
  /** Where the voice's element is, while it plays. */
  voiceMs: number | null;
  /** The recording has a voice for this moment; it may not have come yet. */
  voiceWanted: boolean;
  /** When anything is next seen or heard; null: nothing is known. */
  nextContentMs: number | null;
  /** The end of the last that is known to be seen or heard. */
  knownMs: number;
  /** Up to here all that there is is known. */
  settledMs: number;
  /** The lesson's time now. */
  liveMs: number;
}

export type PaceState = 'buffering' | 'playing' | 'ended';

const START_AHEAD_MS = 1_500; // of voice before it begins again: a piece is 4 s

export class ReplayPace {
  state: PaceState = 'buffering';
  /** When the voice last moved on. */
  private movedAt = 0;

  constructor(
    public posMs: number,
    private atMs: number,
    public rate: number,
  ) {}

  /** Move on to `atMs`. Returns whether the position jumped: elements must be sought. */
  step(atMs: number, around: Surroundings): boolean {
    const passedMs = Math.min(1_000, Math.max(0, atMs - this.atMs));
    this.atMs = atMs;
    if (this.state === 'ended') return false;
    if (this.isAtLive(around)) {
      this.state = 'ended';
      return false;
    }
    if (this.mustWait(around)) {
      this.state = 'buffering';
      return false;
    }
    this.state = 'playing';
    if (around.voiceMs !== null && around.voiceUntilMs !== null) return this.follow(around.voiceMs);
    this.movedAt = atMs;
    const holeEndMs = around.nextContentMs ?? around.settledMs;
    if (holeEndMs - this.posMs > HOLE_MS) {
      this.posMs = Math.min(holeEndMs, Math.max(this.posMs, around.settledMs));
      return true;
    }
    const furthestMs = Math.max(around.settledMs, around.knownMs, this.posMs);
    this.posMs = Math.min(this.posMs + passedMs * this.rate, furthestMs);
    return false;
  }

  /** Go where the voice is; one that stands still although it has what it needs is helped over the place. */
  private follow(voiceMs: number): boolean {
    if (voiceMs > this.posMs) {
      this.posMs = voiceMs;
      this.movedAt = this.atMs;
    } else if (this.atMs - this.movedAt > STUCK_MS) {
      this.posMs += NUDGE_MS;
      this.movedAt = this.atMs;
      return true;
    }
    return false;
  }

  private isAtLive({ liveMs, voiceUntilMs, voiceWanted, nextContentMs, settledMs }: Surroundings): boolean {
    const lagMs = liveMs - this.posMs;
    if (lagMs <= END_LAG_MS) return true;
    const isPlayedOut = voiceUntilMs === null && !voiceWanted && nextContentMs === null;
    return lagMs <= STUCK_LAG_MS && isPlayedOut && this.posMs >= settledMs - 100;
  }

  private mustWait({ voiceUntilMs, voiceWanted, settledMs, nextContentMs }: Surroundings): boolean {
    if (voiceUntilMs === null) {
      const isUnknown = this.posMs >= settledMs && nextContentMs === null;
      return voiceWanted || isUnknown;
    }
    if (this.state === 'playing') return false;
    // What is known to follow must be there before it begins; at the end of all there is nothing to wait for.
    return voiceUntilMs - this.posMs < START_AHEAD_MS && voiceUntilMs < settledMs;
  }
}
