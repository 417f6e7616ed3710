/** One media element that plays a rendition, or gets ready to. Knows no Vue. */
import type { Choice } from './levels';

const END_MS = 500; // of a file's end: how exact its duration is
const CHANGE_S = 0.001;

export class Lane {
  choice: Choice | null = null;
  private goalMs = 0;

  constructor(readonly media: HTMLVideoElement) {}

  /** Begin to fetch a rendition, from a time on. */
  open(choice: Choice, url: string, atMs: number, preload: 'auto' | 'metadata'): void {
    this.choice = choice;
    this.goalMs = atMs;
    this.media.preload = preload;
    this.media.src = url;
    this.media.currentTime = atMs / 1000;
  }

  /** Let go: fetching ends. */
  close(): void {
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
    return this.media.readyState === 0 ? this.goalMs : this.media.currentTime * 1000;
  }

  /** How much can be played from here without the network. */
  get aheadMs(): number {
    return this.endOfBuffer - this.media.currentTime * 1000;
  }

  /** Whether everything from here to the end is here. */
  get hasAll(): boolean {
    return this.media.duration > 0 && this.endOfBuffer >= this.media.duration * 1000 - END_MS;
  }

  private get endOfBuffer(): number {
    const { buffered, currentTime } = this.media;
    for (let n = 0; n < buffered.length; n++)
      if (buffered.start(n) <= currentTime + 0.1 && buffered.end(n) >= currentTime)
        return buffered.end(n) * 1000;
    return currentTime * 1000;
  }
}
