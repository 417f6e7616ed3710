import { describe, expect, it } from 'vitest';
import { CUT_AFTER_MS, IDLE_CUT_AFTER_MS, PathWatch, readStats, type LinkSample } from './stats';

type Entry = RTCStats & Record<string, unknown>;
const entry = (type: string, rest: Record<string, unknown>): Entry =>
  ({ timestamp: 0, ...rest, id: rest.id ?? type, type }) as unknown as Entry;

const CHROMIUM = [
  entry('transport', { selectedCandidatePairId: 'p2' }),
  entry('candidate-pair', { id: 'p1', nominated: true, bytesReceived: 1 }),
  entry('candidate-pair', {
    id: 'p2',
    localCandidateId: 'l2',
    bytesReceived: 9_000,
    responsesReceived: 4,
    currentRoundTripTime: 0.05,
    availableOutgoingBitrate: 250_000,
  }),
  entry('local-candidate', { id: 'l2', candidateType: 'host', protocol: 'udp' }),
  entry('inbound-rtp', {
    id: 'a',
    kind: 'audio',
    mid: '3',
    bytesReceived: 700,
    totalSamplesReceived: 48_000,
    concealedSamples: 4_800,
  }),
  entry('inbound-rtp', { id: 'v', kind: 'video', mid: '0', bytesReceived: 8_000 }),
];

describe('what statistics say', () => {
  it('is read from the pair that is selected', () => {
    expect(readStats(CHROMIUM, 5, '3')).toEqual({
      atMs: 5,
      receivedBytes: 9_000,
      checksAnswered: 4,
      path: 'udp',
      mediaBytes: 8_700,
      availableBps: 250_000,
      rttMs: 50,
      lossFraction: null,
      voiceMs: 1_000,
      voiceConcealedMs: 100,
    });
  });

  it('is understood without a transport, as Firefox tells it', () => {
    const firefox = [
      entry('candidate-pair', { id: 'a', state: 'succeeded' }),
      entry('candidate-pair', { id: 'b', selected: true, nominated: true, bytesReceived: 5 }),
      entry('remote-inbound-rtp', { id: 'r1', timestamp: 2, roundTripTime: 0.2, fractionLost: 0 }),
      entry('remote-inbound-rtp', { id: 'r2', timestamp: 9, roundTripTime: 0.4, fractionLost: 0.1 }),
      entry('remote-inbound-rtp', { id: 'r3', timestamp: 5, roundTripTime: 0.9, fractionLost: 0 }),
    ];
    const sample = readStats(firefox, 0);
    expect([sample.receivedBytes, sample.availableBps, sample.rttMs, sample.lossFraction]).toEqual([
      5,
      null,
      400,
      0.1,
    ]);
  });

  it.each([
    ['udp', 'turn_udp'],
    ['tcp', 'turn_tcp'],
    ['tls', 'turn_tls'],
    [undefined, 'unknown'],
  ])('names a relay that is reached by %s', (relayProtocol, path) => {
    const relayed = CHROMIUM.map((one) =>
      one.type === 'local-candidate' ? { ...one, candidateType: 'relay', relayProtocol } : one,
    );
    expect(readStats(relayed, 0).path).toBe(path);
  });

  it('is nothing before there is a pair', () => {
    expect(readStats([], 0)).toMatchObject({ receivedBytes: 0, path: 'unknown', rttMs: null });
  });
});

describe('a path', () => {
  const look = (watch: PathWatch, atMs: number, receivedBytes: number, checksAnswered = 0): number | null =>
    watch.cutSince({ ...readStats([], atMs), receivedBytes, checksAnswered } satisfies LinkSample);

  it('is cut after 2 s without a byte, and well again with the next', () => {
    const watch = new PathWatch();
    expect(look(watch, 0, 10)).toBeNull();
    expect(look(watch, CUT_AFTER_MS - 1, 10)).toBeNull();
    expect(look(watch, CUT_AFTER_MS, 10)).toBe(0);
    expect(look(watch, CUT_AFTER_MS + 1, 11)).toBeNull();
  });

  it('on which nobody sends lives while its checks are answered', () => {
    const watch = new PathWatch();
    look(watch, 0, 10, 1);
    for (let checks = 2; checks < 9; checks++) expect(look(watch, checks * 1_900, 10, checks)).toBeNull();
    const last = 8 * 1_900;
    expect(look(watch, last + CUT_AFTER_MS, 10, 8)).toBeNull();
    expect(look(watch, last + IDLE_CUT_AFTER_MS, 10, 8)).toBe(last);
  });

  it('that is new counts from zero: that is no cut', () => {
    const watch = new PathWatch();
    look(watch, 0, 5_000);
    expect(look(watch, 5_000, 0)).toBeNull();
  });
});
