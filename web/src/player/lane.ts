/** One media element that plays a rendition, or gets ready to. Knows no Vue. */
import type { Choice } from './levels';
import { VoiceStream } from './voiceStream';

const END_MS = 500; // of a file's end: how exact its duration is
const CHANGE_S = 0.001;

/** Milliseconds of a media time, exact to its microseconds: 1.001 s times 1,000 is less than 1,001, and a jump to the
 *  page that begins there would stay on the page before. */
const exactMs = (seconds: number): number => Math.round(seconds * 1e6) / 1e3;

export class Lane {
  choice: Choice | null = null;
  private goalMs = 0;
  private voice: VoiceStream | null = null;

  constructor(readonly media: HTMLVideoElement) {}

  /** Begin to fetch a rendition, from a time on. */
  open(choice: Choice, url: string, atMs: number, preload: 'auto' | 'metadata'): void {
    const { bytes, duration_ms: durationMs, mime } = choice.rendition;
    this.voice?.close();
    this.voice = null;
    this.choice = choice;
    this.goalMs = atMs;
    this.media.preload = preload;
    if (!choice.hasPicture && VoiceStream.canPlay(url, mime)) {
      this.voice = new VoiceStream(this.media, url, bytes, durationMs, () => this.openPlainly(url));
      this.media.currentTime = atMs / 1000;
      this.voice.begin(atMs);
    } else this.load(url, atMs);
  }

  private load(url: string, atMs: number): void {
    this.media.src = url;
    this.media.currentTime = atMs / 1000;
  }

  /** What could not be had in pieces may still play as a whole. */
  private openPlainly(url: string): void {
    const { atMs } = this;
    const isGoing = !this.media.paused;
    this.voice?.close();
    this.voice = null;
    this.load(url, atMs);
    if (isGoing) void this.media.play().catch(() => undefined);
  }

  /** Let go: fetching ends. */
  close(): void {
    this.voice?.close();
    this.voice = null;
    this.choice = null;
    this.media.pause();
    if (!this.media.hasAttribute('src')) return;
    this.media.removeAttribute('src');
    this.media.load();
  }

  seek(ms: number): void {
    this.goalMs = ms;
    if (Math.abs(this.media.currentTime - ms / 1000) > CHANGE_S) this.media.currentTime = ms / 1000;
  }

  /** Where it is; before the file is known, where it will be. */
  get atMs(): number {
    return this.media.readyState === 0 ? this.goalMs : exactMs(this.media.currentTime);
  }

  /** How much can be played from here without the network. */
  get aheadMs(): number {
    return this.endOfBuffer - exactMs(this.media.currentTime);
  }

  /** Whether everything from here to the end is here. */
  get hasAll(): boolean {
    return this.media.duration > 0 && this.endOfBuffer >= this.media.duration * 1000 - END_MS;
  }

  private get endOfBuffer(): number {
    const { buffered, currentTime } = this.media;
    for (let n = 0; n < buffered.length; n++)
      if (buffered.start(n) <= currentTime + 0.1 && buffered.end(n) >= currentTime)
        return exactMs(buffered.end(n));
    return exactMs(currentTime);
  }
}
