/** Where things are in a WebM file of one voice (RFC 8794, RFC 9559), as far as playing from its middle needs. Pure. */

const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;
const INFO = 0x1549a966;
const TRACKS = 0x1654ae6b;
const CLUSTER = 0x1f43b675;
const TIMESTAMP = 0xe7;
const CUES = 0x1c53bb6b;
const TAGS = 0x1254c367;
const VOID = 0xec;

interface Element {
  readonly id: number;
  /** Of its content. */
  readonly from: number;
  readonly to: number;
}

/** What stands before the first cluster. */
export interface Head {
  /** What a decoder needs: its beginning, and what it says of itself and its track. */
  readonly init: Uint8Array;
  /** Where the first cluster begins in the file; beyond what was given when a reserve for an index lies before it. */
  readonly firstCluster: number;
}

/** Return the head of a file, or null when `bytes`, its beginning, do not reach far enough or are none. */
export function readHead(bytes: Uint8Array): Head | null {
  const ebml = elementAt(bytes, 0);
  const segment = ebml?.id === EBML ? elementAt(bytes, ebml.to) : null;
  if (segment?.id !== SEGMENT) return null;
  const parts = [bytes.subarray(0, segment.from)];
  let at = segment.from;
  for (;;) {
    const one = elementAt(bytes, at);
    const isWhole = one !== null && one.to <= bytes.length;
    if (one?.id === CLUSTER || (one === null && at >= bytes.length && parts.length === 3))
      return parts.length === 3 ? { init: joined(parts), firstCluster: at } : null;
    if (!one) return null;
    if (one.id === INFO || one.id === TRACKS) {
      if (!isWhole) return null;
      parts.push(bytes.subarray(at, one.to));
    }
    at = one.to;
  }
}

/** Return how long the index, tags or room for them is that a piece begins with; 0: it is something to play. */
export function bytesToSkip(piece: Uint8Array): number {
  const one = elementAt(piece, 0);
  return one && [CUES, TAGS, VOID].includes(one.id) && Number.isFinite(one.to) ? one.to : 0;
}

/** Return the first whole cluster's beginning in a piece of the file with its time in ms, or null. */
export function findCluster(bytes: Uint8Array): { at: number; ms: number } | null {
  for (let at = 0; at + 16 < bytes.length; at++) {
    if (bytes[at] !== 0x1f || bytes[at + 1] !== 0x43 || bytes[at + 2] !== 0xb6 || bytes[at + 3] !== 0x75)
      continue;
    const cluster = elementAt(bytes, at);
    const time = cluster ? elementAt(bytes, cluster.from) : null;
    if (time?.id !== TIMESTAMP || time.to - time.from > 8 || time.to > bytes.length) continue;
    let ms = 0;
    for (let n = time.from; n < time.to; n++) ms = ms * 256 + (bytes[n] ?? 0);
    return { at, ms };
  }
  return null;
}

function elementAt(bytes: Uint8Array, at: number): Element | null {
  const idLength = lengthOf(bytes[at]);
  const sizeAt = at + idLength;
  const sizeLength = lengthOf(bytes[sizeAt]);
  if (idLength > 4 || sizeLength > 8 || sizeAt + sizeLength > bytes.length) return null;
  let id = 0;
  for (let n = at; n < sizeAt; n++) id = id * 256 + (bytes[n] ?? 0);
  let size = (bytes[sizeAt] ?? 0) & (0xff >> sizeLength);
  let isUnknown = size === 0xff >> sizeLength;
  for (let n = sizeAt + 1; n < sizeAt + sizeLength; n++) {
    isUnknown &&= bytes[n] === 0xff;
    size = size * 256 + (bytes[n] ?? 0);
  }
  const from = sizeAt + sizeLength;
  return { id, from, to: isUnknown ? Infinity : from + size };
}

/** Return how long a number of variable length is, by its first byte; 9: it is none. */
const lengthOf = (first: number | undefined): number => (first ? Math.clz32(first) - 23 : 9);

export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
