/** WebM of one track as Chromium's recorder writes it: clusters and segment of unknown size. For tests. */

const UNKNOWN = [0x01, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff];
const EBML = [0x1a, 0x45, 0xdf, 0xa3, 0x83, 1, 2, 3];
const SEGMENT = [0x18, 0x53, 0x80, 0x67, ...UNKNOWN];
const INFO = [0x15, 0x49, 0xa9, 0x66, 0x82, 1, 2];
const TRACKS = [0x16, 0x54, 0xae, 0x6b, 0x82, 1, 2];
export const HEAD = [...EBML, ...SEGMENT, ...INFO, ...TRACKS];

/** Return a cluster at `ms` with a block of `size` bytes every `every` ms; `key`: whether its first is a keyframe. */
export function cluster(ms: number, count: number, every: number, size = 20, key = true): number[] {
  const time = [0xe7, 0x84, (ms >>> 24) & 0xff, (ms >>> 16) & 0xff, (ms >>> 8) & 0xff, ms & 0xff];
  const blocks = Array.from({ length: count }, (_, n) => [
    ...[0xa3, 0x40 | ((size + 4) >> 8), (size + 4) & 0xff, 0x81],
    ...[((n * every) >> 8) & 0xff, (n * every) & 0xff, key && n === 0 ? 0x80 : 0],
    ...new Array<number>(size).fill(7),
  ]);
  return [0x1f, 0x43, 0xb6, 0x75, ...UNKNOWN, ...time, ...blocks.flat()];
}
