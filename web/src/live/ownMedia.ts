/** The own camera, microphone and screen: opened, watched, opened again when they were unplugged or busy. */
import { DeviceProblem, openCamera, openMic, openScreen } from '@/media/devices';
import type { CameraLines, DeviceReason } from '@/media/devices';
import type { Source } from '@/generated/messages';

/** One own source. `wanted` is the person's will, `stream` what is there, `problem` why it is not. */
export interface OwnSource {
  wanted: boolean;
  muted: boolean;
  stream: MediaStream | null;
  problem: DeviceReason | null;
}

export type OwnSources = Readonly<Record<Source, OwnSource>>;

/** A camera that another program holds is tried again without a word. */
const RETRY_MS = 10_000;

const NOTHING: OwnSource = { wanted: false, muted: false, stream: null, problem: null };

export class OwnMedia {
  private sources: OwnSources = { camera: NOTHING, mic: NOTHING, screen: NOTHING, line: NOTHING };
  private retryTimer: number | null = null;
  private closed = false;

  constructor(
    private readonly lines: CameraLines,
    private readonly onTrack: (source: Source, track: MediaStreamTrack | null) => void,
    private readonly onChange: (sources: OwnSources) => void,
  ) {
    navigator.mediaDevices?.addEventListener('devicechange', this.onDevices);
  }

  get now(): OwnSources {
    return this.sources;
  }

  async start(source: Source): Promise<void> {
    this.set(source, { wanted: true, problem: null });
    await this.open(source);
  }

  stop(source: Source): void {
    this.stopTracks(source);
    this.set(source, { wanted: false, stream: null, problem: null });
    this.onTrack(source, null);
  }

  /** Stop being heard or seen at once; what is sent goes on as silence. */
  mute(source: Source, muted: boolean): void {
    this.set(source, { muted });
    for (const track of this.sources[source].stream?.getTracks() ?? []) track.enabled = !muted;
  }

  close(): void {
    this.closed = true;
    navigator.mediaDevices?.removeEventListener('devicechange', this.onDevices);
    if (this.retryTimer !== null) window.clearTimeout(this.retryTimer);
    for (const source of ['camera', 'mic', 'screen', 'line'] as const) this.stopTracks(source);
  }

  private async open(source: Source): Promise<void> {
    try {
      const track = await this.capture(source);
      if (this.closed || !this.sources[source].wanted) return track.stop();
      this.stopTracks(source);
      track.enabled = !this.sources[source].muted;
      track.onended = () => this.onEnded(source, track);
      this.set(source, { stream: new MediaStream([track]), problem: null });
      this.onTrack(source, track);
    } catch (error) {
      if (!(error instanceof DeviceProblem)) throw error;
      this.set(source, { problem: error.reason, wanted: error.reason !== 'cancelled' });
      this.retryLater();
    }
  }

  private capture(source: Source): Promise<MediaStreamTrack> {
    switch (source) {
      case 'camera':
        return openCamera(this.lines);
      case 'mic':
      case 'line':
        return openMic();
      case 'screen':
        return openScreen();
    }
  }

  private onEnded(source: Source, track: MediaStreamTrack): void {
    if (this.sources[source].stream?.getTracks()[0] !== track) return;
    this.onTrack(source, null);
    // A shared screen ends by the browser's own button: that is a will, not a fault.
    if (source === 'screen') return this.set(source, { wanted: false, stream: null });
    this.set(source, { stream: null, problem: 'missing' });
    this.retryLater();
  }

  private readonly onDevices = (): void => this.retry();

  private retry(): void {
    for (const source of ['camera', 'mic', 'line'] as const) {
      const { wanted, stream } = this.sources[source];
      if (wanted && !stream) void this.open(source);
    }
  }

  private retryLater(): void {
    if (this.retryTimer !== null) window.clearTimeout(this.retryTimer);
    if (!this.closed) this.retryTimer = window.setTimeout(() => this.retry(), RETRY_MS);
  }

  private stopTracks(source: Source): void {
    for (const track of this.sources[source].stream?.getTracks() ?? []) {
      track.onended = null;
      track.stop();
    }
  }

  private set(source: Source, change: Partial<OwnSource>): void {
    this.sources = { ...this.sources, [source]: { ...this.sources[source], ...change } };
    this.onChange(this.sources);
  }
}
