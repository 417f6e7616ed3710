/** The sending connection: one exchange for the whole lesson. Its media descriptions are fixed from the start (mic,
 *  camera, screen); starting and stopping a source is replaceTrack and one message. Knows no Vue. */
import type { Source, SourceLine } from '@/generated/messages';
import { MediaLink, type LinkSignals } from './link';
import { cameraEncodings, screenEncodings, type Size, type Taken } from './simulcast';
import { isVoice, SenderTuner } from './tuning';
import type { UplinkLevel } from './uplink';

export interface PublishSignals extends LinkSignals {
  /** Send the offer and return the server's answer. */
  publish: (sdp: string, sources: SourceLine[]) => Promise<string>;
  setSource: (source: Source, active: boolean) => Promise<void>;
}

const HINTS: Readonly<Record<Source, string>> = {
  mic: 'speech',
  line: 'speech',
  camera: 'motion',
  screen: 'text',
};
const ASSUMED_CAMERA: Size = { width: 1280, height: 720 };

/** VP8 first: the one codec that every browser sends in layers. The others stay for what the server may answer. */
function preferVp8(transceiver: RTCRtpTransceiver): void {
  const codecs = RTCRtpSender.getCapabilities('video')?.codecs ?? [];
  const rank = (codec: { mimeType: string }): number =>
    codec.mimeType.toLowerCase() === 'video/vp8' ? 0 : 1;
  if (codecs.length > 0) transceiver.setCodecPreferences?.([...codecs].sort((a, b) => rank(a) - rank(b)));
}

function sizeOf(track: MediaStreamTrack): Size {
  const { width, height } = track.getSettings();
  return width && height ? { width, height } : ASSUMED_CAMERA;
}

export class PublishConnection extends MediaLink {
  private readonly tracks = new Map<Source, MediaStreamTrack>();
  private transceivers = new Map<Source, RTCRtpTransceiver>();
  private tuners = new Map<Source, SenderTuner>();
  private readonly taken = new Map<Source, Taken>();
  private level: UplinkLevel = 'full';
  private readonly stream = new MediaStream(); // one stream: receivers play mic and camera in step

  constructor(
    private readonly sources: readonly Source[],
    private readonly signals: PublishSignals,
  ) {
    super({
      build: () => this.build(),
      restart: async (pc) => {
        pc.setConfiguration({ ...pc.getConfiguration(), iceServers: await signals.iceServers() });
        await this.exchange(pc, true);
      },
      isLost: signals.isLost,
      onDoubt: signals.onDoubt,
      onState: signals.onState,
    });
  }

  /** Send `track` as `source`, or nothing. Remembered over every restart and rebuild. */
  async setTrack(source: Source, track: MediaStreamTrack | null): Promise<void> {
    if (track) this.tracks.set(source, track);
    else this.tracks.delete(source);
    const transceiver = this.transceivers.get(source);
    if (!transceiver) return;
    await this.load(source, transceiver);
    await this.signals.setSource(source, track !== null);
  }

  /** Encode only these layers of `source`: the others are taken by nobody. */
  async take(source: Source, rids: readonly string[]): Promise<void> {
    this.taken.set(source, new Set(rids));
    await this.tune(source);
  }

  /** The server forgot what it said: all layers are taken until it says so again. */
  forgetTaken(): void {
    this.taken.clear();
  }

  /** Send what an uplink of this level bears. */
  async setLevel(level: UplinkLevel): Promise<void> {
    this.level = level;
    await this.tuneAll();
  }

  override close(): void {
    super.close();
    this.transceivers.clear();
    this.tracks.clear();
  }

  private async build(): Promise<RTCPeerConnection> {
    const iceServers = await this.signals.iceServers();
    const pc = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
    this.keeper.adopt(pc);
    this.transceivers = new Map(this.sources.map((source) => [source, this.addTransceiver(pc, source)]));
    this.tuners = new Map(
      [...this.transceivers].map(([source, { sender }]) => [source, new SenderTuner(sender)]),
    );
    for (const [source, transceiver] of this.transceivers) await this.load(source, transceiver);
    await this.exchange(pc, false);
    for (const source of this.tracks.keys()) await this.signals.setSource(source, true);
    return pc;
  }

  private addTransceiver(pc: RTCPeerConnection, source: Source): RTCRtpTransceiver {
    const init: RTCRtpTransceiverInit = { direction: 'sendonly', streams: [this.stream] };
    if (isVoice(source)) return pc.addTransceiver('audio', init);
    const track = this.tracks.get(source);
    const sendEncodings =
      source === 'screen' ? screenEncodings() : cameraEncodings(track ? sizeOf(track) : ASSUMED_CAMERA);
    const transceiver = pc.addTransceiver('video', { ...init, sendEncodings });
    preferVp8(transceiver);
    return transceiver;
  }

  private async load(source: Source, transceiver: RTCRtpTransceiver): Promise<void> {
    const track = this.tracks.get(source) ?? null;
    if (track) track.contentHint = HINTS[source];
    await transceiver.sender.replaceTrack(track);
    await this.tune(source);
  }

  private async tuneAll(): Promise<void> {
    await Promise.all(this.sources.map((source) => this.tune(source)));
  }

  private async tune(source: Source): Promise<void> {
    const track = this.tracks.get(source);
    if (!track) return; // tuned when one is sent
    const size = isVoice(source) ? null : sizeOf(track);
    await this.tuners
      .get(source)
      ?.apply({ source, size, taken: this.taken.get(source) ?? null, level: this.level });
  }

  private async exchange(pc: RTCPeerConnection, iceRestart: boolean): Promise<void> {
    await pc.setLocalDescription(await pc.createOffer({ iceRestart }));
    const lines = [...this.transceivers].map(([source, { mid }]) => ({ mid: mid ?? '', source }));
    const answer = await this.signals.publish(pc.localDescription?.sdp ?? '', lines);
    await pc.setRemoteDescription({ type: 'answer', sdp: answer });
    // Chromium takes each answer's layers for active again (measured): what was asked of the senders is said anew.
    await this.tuneAll();
  }
}
