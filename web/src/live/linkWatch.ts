/** Looks at both media connections once a second, and more often while one is cut: is the path alive, what does the
 *  uplink bear, what has played. Knows no Vue. */
import { PathWatch, readStats, type LinkSample } from '@/media/stats';
import type { MediaLink } from '@/media/link';
import { UplinkPolicy, type UplinkLevel } from '@/media/uplink';

const EVERY_MS = 1_000;
const WHILE_CUT_MS = 250;

export interface WatchPorts {
  publish: () => MediaLink | null;
  subscribe: () => MediaLink | null;
  /** The media description of the lecturer's voice. */
  voiceMid: () => string | null;
  onReceived: (sample: LinkSample) => void;
  /** Since when nothing arrives (performance.now), or null while something does. */
  onCut: (since: number | null) => void;
  onLevel: (level: UplinkLevel) => void;
  /** A path is silent: is the network there at all? */
  onDoubt: () => void;
  /** Something came again after a silence: whatever else hung on the network should look now. */
  onBack: () => void;
}

/** One connection under watch. */
class Watched {
  private readonly path = new PathWatch();
  private pc: RTCPeerConnection | null = null;
  private before: LinkSample | null = null;
  private since: number | null = null;

  constructor(private readonly ports: WatchPorts) {}

  /** Return what the statistics of `link` say, or null while there is no connection. */
  async look(link: MediaLink | null): Promise<{ sample: LinkSample; isNew: boolean; heard: boolean } | null> {
    const pc = link?.connection ?? null;
    if (!link || !pc || pc.connectionState === 'new' || pc.connectionState === 'connecting') {
      this.since = null;
      return null;
    }
    if (pc.connectionState === 'failed') return null; // its counters are gone with its pair; it is as cut as it was
    const isNew = pc !== this.pc;
    if (isNew) this.path.reset();
    this.pc = pc;
    const report = await pc.getStats();
    if (link.connection !== pc) return null;
    const sample = readStats(report.values(), performance.now(), this.ports.voiceMid());
    const heard = isNew || sample.receivedBytes !== this.before?.receivedBytes;
    this.before = sample;
    this.tell(link, this.path.cutSince(sample));
    return { sample, isNew, heard };
  }

  get cutSince(): number | null {
    return this.since;
  }

  private tell(link: MediaLink, since: number | null): void {
    const wasCut = this.since !== null;
    this.since = since;
    if (since !== null) {
      link.pathFlows(false);
      this.ports.onDoubt();
    } else if (wasCut) {
      link.pathFlows(true);
      this.ports.onBack();
    }
  }
}

export class LinkWatch {
  private readonly receiving: Watched;
  private readonly sending: Watched;
  private readonly uplink = new UplinkPolicy();
  private timer: number | null = null;
  private closed = false;

  constructor(private readonly ports: WatchPorts) {
    this.receiving = new Watched(ports);
    this.sending = new Watched(ports);
    this.arm(EVERY_MS);
  }

  close(): void {
    this.closed = true;
    if (this.timer !== null) window.clearTimeout(this.timer);
  }

  private arm(ms: number): void {
    if (!this.closed) this.timer = window.setTimeout(() => void this.look(), ms);
  }

  private async look(): Promise<void> {
    await Promise.all([this.lookAtReceiving(), this.lookAtSending()]);
    const isCut = this.receiving.cutSince !== null || this.sending.cutSince !== null;
    this.arm(isCut ? WHILE_CUT_MS : EVERY_MS);
  }

  private async lookAtReceiving(): Promise<void> {
    const seen = await this.receiving.look(this.ports.subscribe());
    if (this.closed) return;
    if (seen) this.ports.onReceived(seen.sample);
    this.ports.onCut(this.cutSince());
  }

  /** Cut off is who gets nothing by either way: where nobody sends, one of them may be silent for a while. */
  private cutSince(): number | null {
    const isSending = this.ports.publish()?.connection != null;
    return isSending && this.sending.cutSince === null ? null : this.receiving.cutSince;
  }

  private async lookAtSending(): Promise<void> {
    const seen = await this.sending.look(this.ports.publish());
    if (!seen || this.closed) return;
    const before = this.uplink.level;
    if (seen.isNew) this.uplink.restart();
    const level = this.uplink.onSample({ ...seen.sample, heard: seen.heard });
    if (level !== before) this.ports.onLevel(level);
  }
}
