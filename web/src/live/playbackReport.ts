/** Tells the server every few seconds how the lesson has played on this page: see signaling/messages.py, ReportPlayback.
 *  The figures belong to one load of the page; a reload begins a new one, and the server adds them up. */
import type { MediaPath, ReportPlayback, SlotFill, Snapshot } from '@/generated/messages';
import { PlaybackMeter } from '@/media/playback';
import type { LinkSample } from '@/media/stats';
import { dueOf } from './due';

export const REPORT_MS = 10_000; // 290 bit/s of an idle room's 1 kbit/s (bench.events)

/** Return a name for this load of the page. Pages on plain http have no randomUUID. */
function newSession(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(12));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

export class PlaybackReport {
  private readonly meter = new PlaybackMeter();
  private readonly session = newSession();
  private sample: LinkSample | null = null;
  private earlierBytes = 0;
  private height = 0;
  private toldAt = 0;
  private toldPath: MediaPath = 'unknown';

  constructor(private readonly tell: (report: ReportPlayback) => boolean) {}

  /** A frame of the lecturer, so many lines high, was presented. */
  onFrame(lines: number): void {
    this.height = lines;
    this.meter.onFrame(performance.now());
  }

  /** The room or what the slots show has changed, or the page was hidden or shown. */
  onDue(room: Snapshot | null, fills: readonly SlotFill[]): void {
    this.meter.onDue(dueOf(room, fills, document.visibilityState === 'visible'), performance.now());
  }

  /** The receiving connection's statistics; they begin anew with a new connection. */
  onSample(sample: LinkSample): void {
    if (this.sample && sample.receivedBytes < this.sample.receivedBytes)
      this.earlierBytes += this.sample.receivedBytes;
    this.sample = sample;
    this.meter.onVoice(sample.voiceMs, sample.voiceConcealedMs);
    if (sample.atMs - this.toldAt >= REPORT_MS || sample.path !== this.toldPath) this.send();
  }

  /** Tell now: every few seconds, and when the page is left. */
  send(): void {
    if (!this.sample) return;
    const now = performance.now();
    const report: ReportPlayback = {
      type: 'report_playback',
      session: this.session,
      ...this.meter.at(now),
      received_bytes: this.earlierBytes + this.sample.receivedBytes,
      path: this.sample.path,
      height: this.height,
    };
    if (!this.tell(report)) return;
    this.toldAt = now;
    this.toldPath = this.sample.path;
  }
}
