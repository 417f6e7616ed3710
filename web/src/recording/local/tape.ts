/** One take: a track recorded by the browser, chunk by chunk onto the shelf. Knows no Vue. */
import type { Chunk, Shelf, Take } from './shelf';

export const CHUNK_MS = 4_000; // what a crash costs at most
const KEYFRAME_MS = 4_000; // asked for; a browser that does not know the option writes one at least every 100 pictures
const MOST_WAITING = 8; // chunks: a disk that lags by half a minute has failed
export const MIMES = { mic: 'audio/webm;codecs=opus', camera: 'video/webm;codecs=vp8' } as const;

export interface Rates {
  readonly voice: number;
  readonly picture: number;
}

/** Whether this browser can record what the server can splice. */
export function canRecord(): boolean {
  return (
    typeof MediaRecorder !== 'undefined' &&
    Object.values(MIMES).every((mime) => MediaRecorder.isTypeSupported(mime))
  );
}

export class Tape {
  private readonly recorder: MediaRecorder;
  private writing: Promise<void>;
  private next = 0;
  private waiting = 0;
  private failed = false;
  bytes = 0;

  /** Begin to record `track`. `roomNow`: the room's clock; `onFailed`: nothing more can be written. */
  constructor(
    readonly take: Take,
    readonly track: MediaStreamTrack,
    rates: Rates,
    private readonly shelf: Shelf,
    private readonly roomNow: () => number,
    private readonly onFailed: () => void,
  ) {
    const options: MediaRecorderOptions & { videoKeyFrameIntervalDuration?: number } = {
      mimeType: MIMES[take.source],
      audioBitsPerSecond: rates.voice,
      videoBitsPerSecond: rates.picture,
      videoKeyFrameIntervalDuration: KEYFRAME_MS,
    };
    this.recorder = new MediaRecorder(new MediaStream([track]), options);
    this.recorder.ondataavailable = ({ data }) => this.keep(data);
    this.recorder.onerror = () => this.fail();
    this.writing = shelf.begin(take).catch(() => this.fail());
    this.recorder.start(CHUNK_MS);
  }

  /** Stop, and return when the last chunk is kept. */
  async stop(): Promise<void> {
    if (this.recorder.state !== 'inactive') {
      const stopped = new Promise((resolve) => (this.recorder.onstop = resolve));
      this.recorder.stop();
      await stopped;
    }
    await this.writing;
  }

  private keep(data: Blob): void {
    if (data.size === 0 || this.failed) return;
    if (this.waiting >= MOST_WAITING) return this.fail();
    const chunk: Chunk = { n: this.next++, at: performance.now(), room: this.roomNow() };
    this.bytes += data.size;
    this.waiting += 1;
    this.writing = this.writing
      .then(() => (this.failed ? undefined : this.shelf.add(this.take.id, chunk, data)))
      .catch(() => this.fail())
      .finally(() => (this.waiting -= 1));
  }

  private fail(): void {
    if (this.failed) return;
    this.failed = true;
    if (this.recorder.state !== 'inactive') this.recorder.stop();
    this.onFailed();
  }
}
