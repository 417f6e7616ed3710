import { describe, expect, it } from 'vitest';
import { bytesToSkip, findCluster, joined, readHead } from './webm';

const of = (...bytes: number[]): Uint8Array => Uint8Array.from(bytes);
const filled = (length: number): Uint8Array => new Uint8Array(length).fill(0x42);
const sized = (id: number[], body: Uint8Array): Uint8Array =>
  joined([of(...id, 0x40 | (body.length >> 8), body.length & 0xff), body]);

const EBML = sized([0x1a, 0x45, 0xdf, 0xa3], filled(20));
const SEGMENT = of(0x18, 0x53, 0x80, 0x67, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff);
const SEEK_HEAD = sized([0x11, 0x4d, 0x9b, 0x74], filled(40));
const INFO = sized([0x15, 0x49, 0xa9, 0x66], filled(30));
const TRACKS = sized([0x16, 0x54, 0xae, 0x6b], filled(50));
const VOID = sized([0xec], filled(8_000));
const cluster = (ms: number): Uint8Array =>
  joined([
    of(0x1f, 0x43, 0xb6, 0x75, 0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xe7, 0x83),
    of(ms >> 16, (ms >> 8) & 0xff, ms & 0xff),
    filled(100),
  ]);
const HEAD = joined([EBML, SEGMENT, SEEK_HEAD, INFO, TRACKS]);

describe('readHead', () => {
  it('keeps what a decoder needs, and knows where the voice begins', () => {
    const head = readHead(joined([HEAD, cluster(0)]));
    expect(head?.init).toEqual(joined([EBML, SEGMENT, INFO, TRACKS]));
    expect(head?.firstCluster).toBe(HEAD.length);
  });

  it('looks past an index that was reserved, though not all of it is there', () => {
    const file = joined([HEAD, VOID, cluster(0)]);
    expect(readHead(file.subarray(0, 4_096))?.firstCluster).toBe(HEAD.length + VOID.length);
  });

  it.each([0, 3, 30, 100, 150])('reads no head from %d bytes', (length) => {
    expect(readHead(HEAD.subarray(0, length))).toBeNull();
  });

  it('reads no head from something else', () => {
    expect(readHead(filled(4_096))).toBeNull();
  });
});

describe('bytesToSkip', () => {
  it('passes over room for an index, and over nothing that plays', () => {
    expect(bytesToSkip(joined([VOID, cluster(0)]).subarray(0, 100))).toBe(VOID.length);
    expect(bytesToSkip(cluster(0))).toBe(0);
    expect(bytesToSkip(filled(100))).toBe(0);
  });
});

describe('findCluster', () => {
  it('finds the first cluster of a piece with its time', () => {
    const piece = joined([filled(333), cluster(1_234_567), cluster(1_239_567)]);
    expect(findCluster(piece)).toEqual({ at: 333, ms: 1_234_567 });
  });

  it('finds none where there is none, or its time is not there yet', () => {
    expect(findCluster(filled(500))).toBeNull();
    expect(findCluster(joined([filled(100), cluster(5_000).subarray(0, 13)]))).toBeNull();
  });

  it('is not taken in by the marker alone', () => {
    expect(findCluster(joined([of(0x1f, 0x43, 0xb6, 0x75), filled(40), cluster(7)]))?.at).toBe(44);
  });
});
