/** Where the blocks of a growing WebM file of one track lie (RFC 8794, RFC 9559). Pure; reads what both Chromium and
 *  Firefox write, from a cluster on and also when the end is missing. */

const CLUSTER = 0x1f43b675;
const TIMESTAMP = 0xe7;
const SIMPLE_BLOCK = 0xa3;
const BLOCK_GROUP = 0xa0;
const BLOCK = 0xa1;
const KEYFRAME = 0x80;

export interface Block {
  /** Of the file. */
  readonly ms: number;
  readonly key: boolean;
  /** Byte after its last. */
  readonly end: number;
  /** Where its cluster begins when it is the first of it, else null. */
  readonly cluster: number | null;
}

/** Yield the whole blocks of `bytes`, of which `at` is the beginning of a cluster. */
export function* blocksFrom(bytes: Uint8Array, at: number): Generator<Block> {
  let cluster = 0;
  let first: number | null = null;
  while (at < bytes.length) {
    const head = headAt(bytes, at);
    if (!head) return;
    const { id, from, to } = head;
    if (id === CLUSTER) first = at;
    if (id === CLUSTER || id === BLOCK_GROUP) {
      at = from; // their children follow
      continue;
    }
    if (to > bytes.length) return;
    if (id === TIMESTAMP) cluster = numberAt(bytes, from, to);
    if ((id === SIMPLE_BLOCK || id === BLOCK) && to - from >= 4) {
      const relative = ((((bytes[from + 1] ?? 0) << 8) | (bytes[from + 2] ?? 0)) << 16) >> 16;
      const key = id === SIMPLE_BLOCK && ((bytes[from + 3] ?? 0) & KEYFRAME) !== 0;
      yield { ms: cluster + relative, key, end: to, cluster: first };
      first = null;
    }
    at = to;
  }
}

function headAt(bytes: Uint8Array, at: number): { id: number; from: number; to: number } | null {
  const idLength = lengthOf(bytes[at]);
  const sizeLength = lengthOf(bytes[at + idLength]);
  const from = at + idLength + sizeLength;
  if (idLength > 4 || sizeLength > 8 || from > bytes.length) return null;
  const sizeAt = at + idLength;
  const size = numberAt(bytes, sizeAt, from) - (0x80 >> (sizeLength - 1)) * 256 ** (sizeLength - 1);
  const isUnknown = size === 2 ** (7 * sizeLength) - 1;
  return { id: numberAt(bytes, at, sizeAt), from, to: isUnknown ? Infinity : from + size };
}

function numberAt(bytes: Uint8Array, from: number, to: number): number {
  let value = 0;
  for (let n = from; n < to; n++) value = value * 256 + (bytes[n] ?? 0);
  return value;
}

/** Return how long a number of variable length is, by its first byte; 9: it is none. */
const lengthOf = (first: number | undefined): number => (first ? Math.clz32(first) - 23 : 9);
