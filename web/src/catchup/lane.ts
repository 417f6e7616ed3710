/** One track of a replay: an element that plays what is appended, on the room's time. Knows no Vue. */
import type { Piece } from './plan';

const KEEP_BEHIND_S = 20; // of what was played, before it is let go of
const END_S = 0.06; // an element stands still a frame before the end of what it has
const LET_GO_S = 60; // how often

export class ReplayLane {
  readonly element: HTMLMediaElement;
  private readonly source = new MediaSource();
  private readonly url: string;
  private readonly opened: Promise<void>;
  private buffer: SourceBuffer | null = null;
  private mime = '';
  private part = -1;
  private letGo = 0;
  private closed = false;

  /** `baseMs`: the room's time at 0 s of the element. */
  constructor(
    kind: 'audio' | 'video',
    private readonly baseMs: number,
  ) {
    this.element = document.createElement(kind);
    this.element.preservesPitch = true;
    if (this.element instanceof HTMLVideoElement) {
      this.element.muted = true;
      this.element.playsInline = true;
    }
    this.url = URL.createObjectURL(this.source);
    this.opened = new Promise((done) =>
      this.source.addEventListener('sourceopen', () => done(), { once: true }),
    );
    this.element.src = this.url;
  }

  /** Whether the next piece needs its part's head first. */
  needsHead(piece: Piece): boolean {
    return piece.part !== this.part;
  }

  /** Append a piece, after its part's head where that is needed.
   *
   * @throws DOMException: the browser cannot play it.
   */
  async append(piece: Piece, head: ArrayBuffer | null, data: ArrayBuffer): Promise<void> {
    await this.opened;
    if (this.closed) return;
    if (!this.buffer) this.buffer = this.source.addSourceBuffer(piece.mime);
    else if (piece.mime !== this.mime) this.buffer.changeType(piece.mime);
    this.mime = piece.mime;
    const { buffer } = this;
    if (head) {
      if (this.part >= 0) buffer.abort(); // the parser is inside a cluster of unknown size
      this.part = piece.part;
      await this.done(() => buffer.appendBuffer(head));
    }
    const offset = (piece.shiftMs - this.baseMs) / 1_000;
    if (buffer.timestampOffset !== offset) {
      // Inside a cluster that has no end yet the offset cannot be changed.
      if (!head) buffer.abort();
      buffer.timestampOffset = offset;
    }
    await this.done(() => buffer.appendBuffer(data));
    await this.forget();
  }

  /** Until when the element can play from `posMs` on without a gap; null: not at all there. */
  bufferedUntil(posMs: number): number | null {
    const at = (posMs - this.baseMs) / 1_000;
    const { buffered } = this.element;
    for (let i = 0; i < buffered.length; i += 1) {
      if (buffered.start(i) <= at && at < buffered.end(i) - END_S)
        return this.baseMs + buffered.end(i) * 1_000;
    }
    return null;
  }

  get posMs(): number {
    return this.baseMs + this.element.currentTime * 1_000;
  }

  seek(posMs: number): void {
    this.element.currentTime = (posMs - this.baseMs) / 1_000;
  }

  get isSeeking(): boolean {
    return this.element.seeking;
  }

  play(rate: number): void {
    if (this.element.playbackRate !== rate) this.element.playbackRate = rate;
    if (this.element.paused) void this.element.play().catch(() => undefined); // interrupted by a pause: tried again
  }

  pause(): void {
    if (!this.element.paused) this.element.pause();
  }

  close(): void {
    this.closed = true;
    this.element.pause();
    this.element.removeAttribute('src');
    this.element.load();
    this.element.remove();
    URL.revokeObjectURL(this.url);
  }

  private done(begin: () => void): Promise<void> {
    const { buffer } = this;
    return new Promise((resolve, reject) => {
      if (!buffer || this.closed) return resolve();
      const end = (): void => {
        buffer.removeEventListener('updateend', end);
        buffer.removeEventListener('error', fail);
        resolve();
      };
      const fail = (): void => reject(new DOMException('append failed', 'DataError'));
      buffer.addEventListener('updateend', end);
      buffer.addEventListener('error', fail, { once: true });
      begin();
    });
  }

  private async forget(): Promise<void> {
    const { buffer } = this;
    const until = this.element.currentTime - KEEP_BEHIND_S;
    if (!buffer || until < this.letGo + LET_GO_S) return;
    this.letGo = until;
    await this.done(() => buffer.remove(0, until));
  }
}
