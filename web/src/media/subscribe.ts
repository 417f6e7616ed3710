/** The receiving connection: the server offers a fixed set of slots once; afterwards only their content changes.
 *  Knows no Vue. */
import type { SubscribeOffer } from '@/generated/messages';
import { MediaLink, type LinkSignals } from './link';

export interface SubscribeSignals extends LinkSignals {
  subscribe: (restart: boolean) => Promise<SubscribeOffer>;
  answer: (sdp: string) => Promise<void>;
  /** The streams by slot, anew after each rebuild. */
  onStreams: (streams: ReadonlyMap<string, MediaStream>) => void;
}

export class SubscribeConnection extends MediaLink {
  constructor(private readonly signals: SubscribeSignals) {
    super({
      build: () => this.build(),
      restart: async (pc) => {
        const [iceServers, offer] = await Promise.all([signals.iceServers(), signals.subscribe(true)]);
        pc.setConfiguration({ ...pc.getConfiguration(), iceServers });
        await this.exchange(pc, offer);
      },
      isLost: signals.isLost,
      onDoubt: signals.onDoubt,
      onState: signals.onState,
    });
  }

  private async build(): Promise<RTCPeerConnection> {
    const [iceServers, offer] = await Promise.all([this.signals.iceServers(), this.signals.subscribe(false)]);
    const pc = new RTCPeerConnection({ iceServers, bundlePolicy: 'max-bundle' });
    this.keeper.adopt(pc);
    const slotOf = new Map(offer.slots.map((line) => [line.mid, line.slot]));
    const streams = new Map<string, MediaStream>();
    pc.ontrack = ({ transceiver, track }) => {
      const slot = slotOf.get(transceiver.mid ?? '');
      if (slot !== undefined) streams.set(slot, new MediaStream([track]));
    };
    await this.exchange(pc, offer);
    this.signals.onStreams(streams);
    return pc;
  }

  private async exchange(pc: RTCPeerConnection, offer: SubscribeOffer): Promise<void> {
    await pc.setRemoteDescription({ type: 'offer', sdp: offer.sdp });
    await pc.setLocalDescription(await pc.createAnswer());
    await this.signals.answer(pc.localDescription?.sdp ?? '');
  }
}
