// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePeer, FakeStream, FakeTrack } from './fakePeer';
import { RESTART_GAP_MS } from './policy';
import { PublishConnection } from './publish';

const track = (kind: 'audio' | 'video', lines = 720): MediaStreamTrack =>
  new FakeTrack(kind, { width: (lines * 16) / 9, height: lines }) as unknown as MediaStreamTrack;

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(RESTART_GAP_MS + 100);

describe('PublishConnection', () => {
  const said: string[] = [];
  let publish: PublishConnection;
  let refuse = false;
  let servers: RTCIceServer[] = [];
  const encodings = (index: number): RTCRtpEncodingParameters[] =>
    FakePeer.last.transceivers[index]?.sender.parameters.encodings ?? [];
  const active = (index: number): (string | undefined)[] =>
    encodings(index).flatMap((encoding) => (encoding.active === false ? [] : [encoding.rid]));

  beforeEach(() => {
    vi.useFakeTimers();
    FakePeer.made = [];
    said.length = 0;
    refuse = false;
    servers = [];
    vi.stubGlobal('RTCPeerConnection', FakePeer);
    vi.stubGlobal('RTCRtpSender', { getCapabilities: () => null });
    vi.stubGlobal('MediaStream', FakeStream);
    publish = new PublishConnection(['mic', 'camera', 'screen'], {
      iceServers: () => Promise.resolve(servers),
      isLost: () => false,
      onDoubt: () => undefined,
      publish: (sdp, lines) => {
        if (refuse) return Promise.reject(new Error('refused'));
        said.push(`${sdp}: ${lines.map((line) => `${line.mid}=${line.source}`).join(' ')}`);
        return Promise.resolve('answer');
      },
      setSource: (source, active) => {
        said.push(`${source} ${active}`);
        return Promise.resolve();
      },
      onState: () => undefined,
    });
  });

  afterEach(() => {
    publish.close();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('offers all sources once, and tells which of them send', async () => {
    await publish.setTrack('mic', track('audio'));
    publish.reset();
    await settle();
    expect(said).toEqual(['offer 1: 0=mic 1=camera 2=screen', 'mic true']);
  });

  it('starts and stops a source without another offer', async () => {
    publish.reset();
    await settle();
    FakePeer.last.become('connected');
    await publish.setTrack('screen', track('video'));
    await publish.setTrack('screen', null);
    await publish.setTrack('screen', track('video'));
    expect(said.slice(1)).toEqual(['screen true', 'screen false', 'screen true']);
    expect(FakePeer.last.offers).toHaveLength(1);
    expect(FakePeer.last.transceivers[2]?.sender.track?.contentHint).toBe('text');
  });

  it('fits the camera’s layers to another camera', async () => {
    publish.reset();
    await settle();
    await publish.setTrack('camera', track('video', 360));
    expect(active(1)).toEqual(['q', 'h']);
  });

  it('encodes only what somebody takes, without another offer, and still after a rebuild', async () => {
    await publish.setTrack('camera', track('video'));
    publish.reset();
    await settle();
    FakePeer.last.become('connected');
    await publish.take('camera', ['q', 'h']);
    expect(active(1)).toEqual(['q', 'h']);
    expect(FakePeer.last.offers).toHaveLength(1);
    publish.reset();
    await settle();
    expect(FakePeer.made).toHaveLength(2);
    expect(active(1)).toEqual(['q', 'h']);
    publish.forgetTaken();
    await publish.setLevel('full');
    expect(active(1)).toEqual(['q', 'h', 'f']);
  });

  it('puts the voice before the picture, and asks less of a weak uplink', async () => {
    await publish.setTrack('mic', track('audio'));
    await publish.setTrack('camera', track('video'));
    publish.reset();
    await settle();
    expect([encodings(0)[0]?.priority, encodings(1)[0]?.priority]).toEqual(['high', 'low']);
    await publish.setLevel('still');
    expect(active(1)).toEqual(['q']);
    expect(encodings(1)[0]).toMatchObject({ maxFramerate: 1, maxBitrate: 15_000 });
    expect(encodings(0)[0]?.maxBitrate).toBe(16_000);
    await publish.setLevel('full');
    expect(active(1)).toEqual(['q', 'h', 'f']);
    expect(encodings(1)[0]?.maxFramerate).toBe(8);
    expect(encodings(0)[0]?.maxBitrate).toBeUndefined();
  });

  it('uses the relays that are valid when the path is renewed', async () => {
    publish.reset();
    await settle();
    FakePeer.last.become('connected');
    servers = [{ urls: 'turn:relay.example' }];
    publish.askRestart();
    await settle();
    expect(FakePeer.last.getConfiguration()).toMatchObject({
      iceServers: servers,
      bundlePolicy: 'max-bundle',
    });
  });

  it('sends the same sources again from a connection that was made anew', async () => {
    const camera = track('video');
    await publish.setTrack('camera', camera);
    publish.reset();
    await settle();
    FakePeer.last.become('connected');
    publish.reset();
    await settle();
    expect(FakePeer.made.map((peer) => peer.connectionState)).toEqual(['closed', 'new']);
    expect(FakePeer.last.transceivers[1]?.sender.track).toBe(camera);
    expect(said.at(-1)).toBe('camera true');
  });

  it('renews the path of the same connection when the server asks', async () => {
    publish.reset();
    await settle();
    FakePeer.last.become('connected');
    publish.askRestart();
    await settle();
    expect(FakePeer.made).toHaveLength(1);
    expect(FakePeer.last.offers).toEqual([{ iceRestart: false }, { iceRestart: true }]);
  });

  it('says that it is down while it is refused, and comes up by itself', async () => {
    refuse = true;
    publish.reset();
    await settle();
    expect(publish.state).toBe('down');
    refuse = false;
    await settle();
    FakePeer.last.become('connected');
    expect(publish.state).toBe('up');
  });

  it('makes all anew, once, when the socket comes back to a server that knows nothing', async () => {
    publish.reset();
    await settle();
    FakePeer.last.become('connected');
    publish.socketChanged(false);
    FakePeer.last.become('failed');
    publish.reset();
    publish.socketChanged(true);
    await settle();
    expect(FakePeer.made).toHaveLength(2);
    expect(FakePeer.last.offers).toEqual([{ iceRestart: false }]);
  });

  it('does nothing more once closed', async () => {
    publish.reset();
    await settle();
    publish.close();
    publish.reset();
    await settle();
    expect(FakePeer.made).toHaveLength(1);
    expect(FakePeer.last.connectionState).toBe('closed');
  });
});
