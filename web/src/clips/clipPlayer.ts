/** Keeps one media element where the lesson is. Knows no Vue; looked at four times a second (`tick`). */
import type { ShownClip } from '@/generated/messages';
import { endOf, positionAt } from './clips';
import { DRIFT, correct } from './drift';

/** As much of an HTMLMediaElement as is used. */
export interface Media {
  currentTime: number;
  playbackRate: number;
  muted: boolean;
  volume: number;
  /** In s; not a number until it is known. */
  readonly duration: number;
  readonly paused: boolean;
  readonly seeking: boolean;
  readonly ended: boolean;
  readonly readyState: number;
  play(): Promise<void>;
  pause(): void;
}

export const TICK_MS = 250;
const STILL_MS = 40; // a frame: a clip that stands still stands on the same picture everywhere
const LANDINGS = 3; // jumps in a row until one is right: nothing has played yet that they would tear
const JUMP_AGAIN_MS = 3_000; // a slow machine that jumps may be behind again: it must not do nothing else
const FIRST_LEAD_MS = 120; // a jump takes about so long here until the picture moves
const MOST_LEAD_MS = 1_500;
const HAVE_METADATA = 1; // HTML Standard §4.8.11.7
const HAVE_FUTURE_DATA = 3;
const LATE_MS = 3_000; // so long without anything to play is worth a word

export class ClipPlayer {
  private jumpedAt = -Infinity;
  /** How far a jump aims ahead of the lesson: what the last jumps took. */
  private leadMs = FIRST_LEAD_MS;
  private isLearning = false;
  private landings = 0;
  private starvedSince: number | null = null;
  private wantsSound = true;

  constructor(
    private readonly media: Media,
    /** The browser refuses sound until somebody touches the page. */
    private readonly onBlocked: () => void,
  ) {}

  /** Whether it should play and has had nothing to play for a while. */
  isLate(now: number): boolean {
    return this.starvedSince !== null && now - this.starvedSince >= LATE_MS;
  }

  /** How loud, 0 to 1; 0 is muted. */
  setVolume(volume: number): void {
    this.wantsSound = volume > 0;
    this.media.muted = !this.wantsSound;
    this.media.volume = volume;
  }

  /** Bring the element to where `shown` is at `roomNow`, the room's clock; `now` is monotonic, both in ms. */
  tick(shown: ShownClip, roomNow: number, now: number): void {
    const { media } = this;
    if (media.readyState < HAVE_METADATA) {
      this.note(shown.playing, now);
      return;
    }
    // The browser's own measure of a file counts: it cannot go beyond it.
    const endMs = Math.min(endOf(shown.clip), media.duration * 1000 || Infinity);
    const wantedMs = Math.min(endMs, positionAt(shown, roomNow));
    if (!shown.playing) this.stand(wantedMs, now);
    else if (wantedMs >= endMs) this.finish(wantedMs, now);
    else this.follow(wantedMs, now);
  }

  private stand(wantedMs: number, now: number): void {
    this.note(false, now);
    if (!this.media.paused) this.media.pause();
    this.media.playbackRate = 1;
    const off = Math.abs(wantedMs - this.media.currentTime * 1000);
    if (off > STILL_MS && !this.media.seeking) this.media.currentTime = wantedMs / 1000;
  }

  /** The lesson is past the end: what is left is played out, unless it is much. */
  private finish(wantedMs: number, now: number): void {
    this.note(false, now);
    this.media.playbackRate = 1;
    const left = wantedMs - this.media.currentTime * 1000;
    if (left > DRIFT.jump && !this.media.ended) this.stand(wantedMs, now);
  }

  private follow(wantedMs: number, now: number): void {
    const { media } = this;
    const behindMs = wantedMs - media.currentTime * 1000;
    if (media.paused) {
      // It may have played to its end, or have been stopped by the browser: it begins where the lesson is.
      if (Math.abs(behindMs) > DRIFT.tolerated) this.jump(wantedMs, now);
      this.start();
      return;
    }
    const isStarved = media.seeking || media.readyState < HAVE_FUTURE_DATA;
    this.note(isStarved, now);
    if (isStarved) return;
    if (this.isLearning && !this.learn(behindMs)) {
      this.jump(wantedMs, now);
      return;
    }
    const next = correct(behindMs, media.playbackRate);
    if (!next.jump) media.playbackRate = next.rate;
    else if (now - this.jumpedAt >= JUMP_AGAIN_MS) this.jump(wantedMs, now);
  }

  private jump(wantedMs: number, now: number): void {
    this.jumpedAt = now;
    this.isLearning = true;
    this.media.playbackRate = 1;
    this.media.currentTime = (wantedMs + this.leadMs) / 1000;
  }

  /** Take in how far off a start or a jump landed, so that the next one lands better; whether it is good enough. */
  private learn(behindMs: number): boolean {
    this.isLearning = false;
    this.landings += 1;
    const isRight = Math.abs(behindMs) <= DRIFT.tolerated || this.landings >= LANDINGS;
    if (isRight) this.landings = 0;
    else this.leadMs = Math.min(MOST_LEAD_MS, Math.max(0, this.leadMs + behindMs));
    return isRight;
  }

  private start(): void {
    const { media } = this;
    this.isLearning = true;
    media.play().catch((error: unknown) => {
      if ((error as { name?: string } | null)?.name !== 'NotAllowedError' || !this.wantsSound) return;
      // A picture without sound is better than none; it is asked for one touch.
      media.muted = true;
      media.play().catch(() => undefined);
      this.onBlocked();
    });
  }

  private note(isStarved: boolean, now: number): void {
    if (!isStarved) this.starvedSince = null;
    else this.starvedSince ??= now;
  }
}
