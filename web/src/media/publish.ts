/** The sending connection: one exchange for the whole lesson. Its media descriptions are fixed from the start (mic,
 *  camera, screen); starting and stopping a source is replaceTrack and one message. Knows no Vue. */
import type { Source, SourceLine } from '@/generated/messages';
import type { LinkState } from './keeper';
import { MediaLink } from './link';
import { cameraEncodings, refit, screenEncodings, type Size } from './simulcast';

export interface PublishSignals {
  /** Send the offer and return the server's answer. */
  publish: (sdp: string, sources: SourceLine[]) => Promise<string>;
  setSource: (source: Source, active: boolean) => Promise<void>;
  onState: (state: LinkState) => void;
}

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
  private readonly stream = new MediaStream(); // one stream: receivers play mic and camera in step

  constructor(
    private readonly sources: readonly Source[],
    private readonly iceServers: RTCIceServer[],
    private readonly signals: PublishSignals,
  ) {
    super({
      build: () => this.build(),
      restart: (pc) => this.exchange(pc, true),
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

  override close(): void {
    super.close();
    this.transceivers.clear();
    this.tracks.clear();
  }

  private async build(): Promise<RTCPeerConnection> {
    const pc = new RTCPeerConnection({ iceServers: this.iceServers, bundlePolicy: 'max-bundle' });
    this.keeper.adopt(pc);
    this.transceivers = new Map(this.sources.map((source) => [source, this.addTransceiver(pc, source)]));
    for (const [source, transceiver] of this.transceivers) await this.load(source, transceiver);
    await this.exchange(pc, false);
    for (const source of this.tracks.keys()) await this.signals.setSource(source, true);
    return pc;
  }

  private addTransceiver(pc: RTCPeerConnection, source: Source): RTCRtpTransceiver {
    const init: RTCRtpTransceiverInit = { direction: 'sendonly', streams: [this.stream] };
    if (source === 'mic') return pc.addTransceiver('audio', init);
    const track = this.tracks.get(source);
    const sendEncodings =
      source === 'screen' ? screenEncodings() : cameraEncodings(track ? sizeOf(track) : ASSUMED_CAMERA);
    const transceiver = pc.addTransceiver('video', { ...init, sendEncodings });
    preferVp8(transceiver);
    return transceiver;
  }

  private async load(source: Source, transceiver: RTCRtpTransceiver): Promise<void> {
    const track = this.tracks.get(source) ?? null;
    if (track) track.contentHint = { mic: 'speech', camera: 'motion', screen: 'text' }[source];
    await transceiver.sender.replaceTrack(track);
    if (track && source !== 'mic') await this.tune(source, transceiver.sender, track);
  }

  private async tune(source: Source, sender: RTCRtpSender, track: MediaStreamTrack): Promise<void> {
    const parameters = sender.getParameters();
    parameters.degradationPreference = source === 'screen' ? 'maintain-resolution' : 'balanced';
    if (source === 'camera') parameters.encodings = refit(parameters.encodings, sizeOf(track));
    // A browser that refuses a preference still sends with what was negotiated.
    await sender.setParameters(parameters).catch(() => undefined);
  }

  private async exchange(pc: RTCPeerConnection, iceRestart: boolean): Promise<void> {
    await pc.setLocalDescription(await pc.createOffer({ iceRestart }));
    const lines = [...this.transceivers].map(([source, { mid }]) => ({ mid: mid ?? '', source }));
    const answer = await this.signals.publish(pc.localDescription?.sdp ?? '', lines);
    await pc.setRemoteDescription({ type: 'answer', sdp: answer });
  }
}
