import { describe, expect, it } from 'vitest';
import { CUT_AFTER_MS, PathWatch, readStats, type LinkSample } from './stats';

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

  /** Let media flow for 4 s from 0. */
  const flow = (watch: PathWatch): void => {
    for (let second = 0; second <= 4; second++)
      expect(look(watch, second * 1_000, second * 9_000)).toBeNull();
  };

  it('by which media flowed is cut after 2 s without a byte, and well again with the next', () => {
    const watch = new PathWatch();
    flow(watch);
    expect(look(watch, 4_000 + CUT_AFTER_MS - 1, 36_000)).toBeNull();
    expect(look(watch, 4_000 + CUT_AFTER_MS, 36_000)).toBe(4_000);
    expect(look(watch, 4_000 + CUT_AFTER_MS + 1, 36_001)).toBeNull();
  });

  it('on which nobody sends lives while its checks are answered, and is cut when three are missing', () => {
    const watch = new PathWatch();
    look(watch, 0, 10, 1);
    for (let checks = 2; checks < 9; checks++) expect(look(watch, checks * 2_500, 10, checks)).toBeNull();
    const last = 8 * 2_500;
    expect(look(watch, last + 3 * 2_500 - 1, 10, 8)).toBeNull();
    expect(look(watch, last + 3 * 2_500, 10, 8)).toBe(last);
  });

  it('of a browser that asks nothing more is left to that browser', () => {
    const watch = new PathWatch();
    look(watch, 0, 0, 1);
    for (let at = 1_000; at < 60_000; at += 1_000) expect(look(watch, at, 0, 1)).toBeNull();
  });

  it('that is new counts from zero: that is no cut', () => {
    const watch = new PathWatch();
    flow(watch);
    expect(look(watch, 9_000, 0)).toBeNull();
  });

  it('by which only a report comes now and then is no path of media', () => {
    const watch = new PathWatch();
    for (let at = 0; at < 60_000; at += 1_000)
      expect(look(watch, at, 80 * Math.floor(at / 3_000))).toBeNull();
  });
});
