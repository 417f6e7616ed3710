/** How much picture a weak uplink carries beside the voice. Pure: samples of the sending connection come in, a level
 *  comes out.
 *
 *  Down when the estimate stays low without rising, at once when a queue stands too; one step when a queue stays, or
 *  where much is lost and the browser gives no estimate. Up one step at a time, after a calm time that doubles with each step that had to be
 *  taken back. A step up is a trial: the estimate of a link that is not filled is about 1.5 times what is sent (libwebrtc),
 *  so it says little of the next step, and needs some seconds to rise once there is more to send. While nothing is heard
 *  of the far side (an outage) the level stays, and an estimate that recovers from one is given its time.
 */

/** full: all layers; reduced: without the largest; small: the smallest only; still: one picture a second. */
export const LEVELS = ['full', 'reduced', 'small', 'still'] as const;
export type UplinkLevel = (typeof LEVELS)[number];

/** One look at the sending connection. Null: the browser does not say. */
export interface UplinkSample {
  atMs: number;
  /** What the browser's estimator thinks the link carries, audio included. */
  availableBps: number | null;
  /** As the far side reports: round trip, and share of packets lost since the last report (RFC 3550 §6.4.1). */
  rttMs: number | null;
  lossFraction: number | null;
  /** Feedback came since the last sample. */
  heard: boolean;
}

/** The least estimate at which a level is kept. It does not count IP, UDP and TURN headers, and stays below the link's
 *  rate: on one of 100 kbit/s Chromium's stands at 35 to 60 with a clear voice and ten small pictures a second (measured).
 *  Below that a picture would starve the voice; `reduced` needs the middle layer's floor, `full` all three. */
export const FLOOR_BPS: Readonly<Record<UplinkLevel, number>> = {
  full: 400_000,
  reduced: 130_000,
  small: 35_000,
  still: 0,
};

const WARM_MS = 5_000; // an estimator begins at 300 kbit/s and needs a few round trips to find more
const QUIET_MS = 2_500; // feedback comes many times a second: without any for so long, the link is away
const LOW_FOR_MS = 3_000; // shorter dips are the encoder's business
const RISING = 1.05; // within two samples: an estimator adds at least 8 % a second where nothing holds it (GCC)
const SUNK = 0.6; // of what a trial began with: it has failed
const STRAIN_FOR_MS = 3_000;
const STRAIN_LOSS = 0.15;
const STRAIN_RTT_MS = 600; // above the least round trip: that much stands in a queue
const CALM_MS = 8_000;
const MAX_CALM_MS = 64_000;
const TRIAL_MS = 15_000; // a step up is judged after this; one that is taken back by then was too early

export class UplinkPolicy {
  private level_: UplinkLevel;
  private startedAt: number | null = null;
  private heardAt = -Infinity;
  private lowSince: number | null = null;
  private strainSince: number | null = null;
  private calmSince: number | null = null;
  private climbedAt = -Infinity;
  private climbedFromBps = 0;
  private earlier: [number, number] = [0, 0];
  private calmMs = CALM_MS;
  private leastRttMs = Infinity;

  /** `level`: what the last connection of this page had come to. */
  constructor(level: UplinkLevel = 'full') {
    this.level_ = level;
  }

  get level(): UplinkLevel {
    return this.level_;
  }

  /** The connection is new: its estimator begins anew. */
  restart(): void {
    this.startedAt = null;
    this.leastRttMs = Infinity;
    this.forgetTrend();
  }

  /** Take in a sample, about once a second; returns the level. */
  onSample(sample: UplinkSample): UplinkLevel {
    const now = sample.atMs;
    this.startedAt ??= now;
    if (sample.heard) {
      if (now - this.heardAt > QUIET_MS) this.startedAt = now; // back after an outage: the estimate is of the outage
      this.heardAt = now;
    }
    const away = now - this.heardAt > QUIET_MS;
    if (away || now - this.startedAt < WARM_MS) this.forgetTrend();
    else if (sample.heard) this.judge(sample, now); // an estimate without news is a guess at an outage
    return this.level_;
  }

  private judge(sample: UplinkSample, now: number): void {
    if (sample.rttMs !== null) this.leastRttMs = Math.min(this.leastRttMs, sample.rttMs);
    const queued = sample.rttMs !== null && sample.rttMs - this.leastRttMs > STRAIN_RTT_MS;
    const available = sample.availableBps;
    const strained = queued || (available === null && (sample.lossFraction ?? 0) > STRAIN_LOSS);
    this.strainSince = strained ? (this.strainSince ?? now) : null;
    const rising = available !== null && this.isRising(available);
    const short = available !== null && available < FLOOR_BPS[this.level_];
    const onTrial = short && now - this.climbedAt < TRIAL_MS;
    const low = short && (onTrial ? available < SUNK * this.climbedFromBps : !rising);
    this.lowSince = low ? (this.lowSince ?? now) : null;
    this.calmSince = short || strained ? null : (this.calmSince ?? now);

    if (low && (queued || now - (this.lowSince ?? now) >= LOW_FOR_MS)) {
      this.fall(fitting(available), now);
    } else if (this.strainSince !== null && now - this.strainSince >= STRAIN_FOR_MS) {
      this.fall(next(this.level_, 1), now);
    } else if (this.calmSince !== null && now - this.calmSince >= this.calmMs) {
      this.climb(now, available ?? 0);
    }
  }

  private isRising(available: number): boolean {
    const [before, last] = this.earlier;
    this.earlier = [last, available];
    return available > RISING * before;
  }

  private fall(level: UplinkLevel, now: number): void {
    if (level === this.level_) return;
    const wasTrial = now - this.climbedAt < TRIAL_MS + 2 * LOW_FOR_MS;
    this.calmMs = wasTrial ? Math.min(MAX_CALM_MS, 2 * this.calmMs) : CALM_MS;
    this.level_ = level;
    this.forgetTrend();
  }

  private climb(now: number, fromBps: number): void {
    const level = next(this.level_, -1);
    if (level === this.level_) return;
    this.level_ = level;
    this.climbedAt = now;
    this.climbedFromBps = fromBps;
    this.forgetTrend();
  }

  private forgetTrend(): void {
    this.lowSince = null;
    this.strainSince = null;
    this.calmSince = null;
    this.earlier = [0, 0];
  }
}

function next(level: UplinkLevel, by: 1 | -1): UplinkLevel {
  return LEVELS[LEVELS.indexOf(level) + by] ?? level;
}

/** Return the best level that an estimate allows. */
function fitting(availableBps: number): UplinkLevel {
  return LEVELS.find((level) => availableBps >= FLOOR_BPS[level]) ?? 'still';
}
