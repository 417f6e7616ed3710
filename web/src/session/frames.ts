/** What arrives on the lesson's socket as text, in order. Large messages are binary: one byte, then a zlib stream of the
 *  JSON (signaling/frames.py). Inflating takes a moment, and what comes meanwhile waits its turn. */

const DEFLATED = 1;

/** Whether this browser can inflate (Chrome 80, Firefox 113, Safari 16.4). Asked anew each time: tests take it away. */
export function canInflate(): boolean {
  return typeof DecompressionStream === 'function';
}

/** Return the JSON text in a binary frame.
 *
 * @throws Error when it is not one of ours.
 */
export async function inflate(frame: ArrayBuffer): Promise<string> {
  const bytes = new Uint8Array(frame);
  if (bytes[0] !== DEFLATED) throw new Error(`frame of kind ${bytes[0]}`);
  const stream = new Blob([bytes.subarray(1)]).stream().pipeThrough(new DecompressionStream('deflate'));
  return new Response(stream).text();
}

/** The frames of one socket. */
export class FrameReader {
  private waiting: unknown[] = [];
  private inflating = false;
  private closed = false;

  /** `spoilt` is told of a frame that cannot be read; nothing is delivered after it. */
  constructor(
    private readonly deliver: (text: string) => void,
    private readonly spoilt: () => void,
  ) {}

  /** Deliver nothing more: the socket is another one now. */
  close(): void {
    this.closed = true;
    this.waiting = [];
  }

  take(data: unknown): void {
    if (this.closed) return;
    if (this.inflating) this.waiting.push(data);
    else if (typeof data === 'string') this.deliver(data);
    else if (data instanceof ArrayBuffer) void this.unfold(data);
  }

  private async unfold(frame: ArrayBuffer): Promise<void> {
    this.inflating = true;
    let text: string;
    try {
      text = await inflate(frame);
    } catch {
      if (!this.closed) this.spoilt();
      this.close();
      return;
    }
    this.inflating = false;
    const waiting = this.waiting;
    this.waiting = [];
    if (!this.closed) this.deliver(text);
    for (const data of waiting) this.take(data);
  }
}
