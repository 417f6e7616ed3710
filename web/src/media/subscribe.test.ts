// @vitest-environment happy-dom
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FakePeer, FakeStream } from './fakePeer';
import { RESTART_GAP_MS } from './policy';
import { SubscribeConnection } from './subscribe';

const SLOTS = [
  { mid: '0', slot: 'lecturer', kind: 'video' },
  { mid: '1', slot: 'audio0', kind: 'audio' },
] as const;

const settle = (): Promise<unknown> => vi.advanceTimersByTimeAsync(RESTART_GAP_MS + 100);

/** A connection whose tracks are there as soon as the offer is. */
class ReceivingPeer extends FakePeer {
  override setRemoteDescription(description: RTCSessionDescriptionInit): Promise<void> {
    if (this.remote.length === 0)
      for (const mid of ['0', '1', '7']) this.ontrack?.({ transceiver: { mid }, track: { mid } });
    return super.setRemoteDescription(description);
  }
}

describe('SubscribeConnection', () => {
  const said: string[] = [];
  let shown: ReadonlyMap<string, MediaStream>[] = [];
  let subscribe: SubscribeConnection;

  beforeEach(() => {
    vi.useFakeTimers();
    FakePeer.made = [];
    said.length = 0;
    shown = [];
    vi.stubGlobal('RTCPeerConnection', ReceivingPeer);
    vi.stubGlobal('MediaStream', FakeStream);
    subscribe = new SubscribeConnection({
      iceServers: () => Promise.resolve([]),
      isLost: () => false,
      onDoubt: () => undefined,
      subscribe: (restart) => {
        said.push(`subscribe ${restart}`);
        return Promise.resolve({ type: 'subscribe_offer', id: 1, sdp: 'offer', slots: [...SLOTS] });
      },
      answer: (sdp) => {
        said.push(sdp);
        return Promise.resolve();
      },
      onState: () => undefined,
      onStreams: (streams) => shown.push(streams),
    });
    subscribe.reset();
  });

  afterEach(() => {
    subscribe.close();
    vi.useRealTimers();
    vi.unstubAllGlobals();
  });

  it('answers the offer and hands on a stream for each slot that was named', async () => {
    await settle();
    expect(said).toEqual(['subscribe false', 'answer 1']);
    expect(shown.map((streams) => [...streams.keys()])).toEqual([['lecturer', 'audio0']]);
  });

  it('keeps its streams over a restart', async () => {
    await settle();
    FakePeer.last.become('connected');
    FakePeer.last.become('disconnected');
    subscribe.socketHeard();
    await settle();
    expect(said.slice(2)).toEqual(['subscribe true', 'answer 2']);
    expect(shown).toHaveLength(1);
    expect(FakePeer.made).toHaveLength(1);
  });

  it('hands on new streams when the server lost its side', async () => {
    await settle();
    FakePeer.last.become('connected');
    subscribe.reset();
    await settle();
    expect(said.slice(2)).toEqual(['subscribe false', 'answer 1']);
    expect(shown).toHaveLength(2);
  });

  it('waits for the socket before it restarts', async () => {
    await settle();
    FakePeer.last.become('connected');
    subscribe.socketChanged(false);
    FakePeer.last.become('failed');
    await settle();
    expect(subscribe.state).toBe('down');
    expect(said).toHaveLength(2);
    subscribe.socketChanged(true);
    await settle();
    expect(said.slice(2)).toEqual(['subscribe true', 'answer 2']);
  });
});
