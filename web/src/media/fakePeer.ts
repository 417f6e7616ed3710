/** Stands in for RTCPeerConnection in tests: counts what is asked of it and connects when told. */
type Handler = (() => void) | null;

export class FakeTrack {
  contentHint = '';
  enabled = true;
  constructor(
    readonly kind: 'audio' | 'video',
    private readonly size = { width: 1280, height: 720 },
  ) {}
  getSettings(): { width: number; height: number } {
    return this.size;
  }
}

export class FakeStream {
  constructor(readonly tracks: readonly object[] = []) {}
}

export class FakeSender {
  track: FakeTrack | null = null;
  parameters: { encodings: RTCRtpEncodingParameters[]; degradationPreference?: string };
  constructor(encodings: RTCRtpEncodingParameters[]) {
    this.parameters = { encodings };
  }
  replaceTrack(track: FakeTrack | null): Promise<void> {
    this.track = track;
    return Promise.resolve();
  }
  getParameters(): FakeSender['parameters'] {
    return { ...this.parameters };
  }
  setParameters(parameters: FakeSender['parameters']): Promise<void> {
    this.parameters = parameters;
    return Promise.resolve();
  }
}

interface FakeTransceiver {
  mid: string | null;
  kind: string;
  sender: FakeSender;
}

export class FakePeer {
  static made: FakePeer[] = [];
  static get last(): FakePeer {
    const peer = FakePeer.made.at(-1);
    if (!peer) throw new Error('no connection was made');
    return peer;
  }

  connectionState: RTCPeerConnectionState = 'new';
  localDescription: { sdp: string } | null = null;
  remote: RTCSessionDescriptionInit[] = [];
  offers: RTCOfferOptions[] = [];
  transceivers: FakeTransceiver[] = [];
  onconnectionstatechange: Handler = null;
  ontrack: ((event: object) => void) | null = null;

  constructor(private configuration: RTCConfiguration) {
    FakePeer.made.push(this);
  }

  become(state: RTCPeerConnectionState): void {
    this.connectionState = state;
    this.onconnectionstatechange?.();
  }

  getConfiguration(): RTCConfiguration {
    return this.configuration;
  }

  setConfiguration(configuration: RTCConfiguration): void {
    this.configuration = configuration;
  }

  addTransceiver(kind: string, init: RTCRtpTransceiverInit): FakeTransceiver {
    const made = { mid: null, kind, sender: new FakeSender(init.sendEncodings ?? [{ active: true }]) };
    this.transceivers.push(made);
    return made;
  }

  createOffer(options: RTCOfferOptions): Promise<object> {
    this.offers.push(options);
    return Promise.resolve({ type: 'offer', sdp: `offer ${this.offers.length}` });
  }

  createAnswer(): Promise<object> {
    return Promise.resolve({ type: 'answer', sdp: `answer ${this.remote.length}` });
  }

  setLocalDescription(description: { sdp: string }): Promise<void> {
    this.localDescription = description;
    this.transceivers.forEach((transceiver, index) => (transceiver.mid = String(index)));
    return Promise.resolve();
  }

  setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    this.remote.push(description);
    return Promise.resolve();
  }

  close(): void {
    this.connectionState = 'closed';
  }
}
