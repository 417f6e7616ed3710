/** Which bytes of a take bring a stretch that is missing, and when they were. Pure. */
import { findCluster } from '@/player/webm';
import { blocksFrom, type Block } from './blocks';
import type { Chunk, LocalSource } from './shelf';

export interface Wanted {
  readonly peer: string;
  readonly source: LocalSource;
  readonly from_t_ms: number;
  readonly to_t_ms: number;
  readonly beside_ms: number;
}

/** From when to when on the room's clock; null: it never went on. */
export type Pause = readonly [number, number | null];

/** A browser's clusters of sound are up to half a minute long, and one must be begun at its beginning. */
const CLUSTER_MS = 40_000;
const AFTER_MS = 6_000; // a picture goes on until the network's next keyframe
const GUARD_MS = 2_500; // around a pause: a little more than the server leaves out anyway

export interface Room {
  /** From where it should begin, and where it may not begin earlier. */
  readonly from: number;
  readonly least: number;
  readonly to: number;
}

/** Return the time on the room's clock that may be sent for a stretch: itself and what helps, no second of a pause. */
export function roomFor(wanted: Wanted, pauses: readonly Pause[]): Room {
  let least = -Infinity;
  let to = wanted.to_t_ms + Math.max(wanted.beside_ms, AFTER_MS);
  for (const [since, until] of pauses) {
    if (since >= wanted.to_t_ms) to = Math.min(to, since - GUARD_MS);
    else least = Math.max(least, (until ?? Infinity) + GUARD_MS);
  }
  return { from: Math.max(least, wanted.from_t_ms - wanted.beside_ms), least, to };
}

/** Return the chunks that are needed to bring what lies in `room`, besides the first, which has the file's head. */
export function chunksFor(chunks: readonly Chunk[], room: Room): readonly Chunk[] {
  const first = chunks.findIndex((chunk) => chunk.room >= room.from - CLUSTER_MS);
  const last = chunks.findIndex((chunk) => chunk.room >= room.to);
  const begun = chunks[0]?.room ?? Infinity;
  if (first < 0 || begun >= room.to || (chunks[chunks.length - 1]?.room ?? 0) <= room.from) return [];
  return chunks.slice(first, last < 0 ? undefined : last + 1);
}

export interface Cut {
  /** Of the chunks together. */
  readonly from: number;
  readonly to: number;
  /** (ms of the file, the room's clock when that was whole). */
  readonly maps: readonly (readonly [number, number])[];
}

/** Return which bytes of `chunks`, joined, are to be sent, or null when nothing of use is in them.
 *
 * @param bytes the chunks, joined
 * @param ends where each of them ends
 */
export function cutFor(
  bytes: Uint8Array,
  chunks: readonly Chunk[],
  ends: readonly number[],
  room: Room,
  source: LocalSource,
): Cut | null {
  const start = findCluster(bytes);
  if (!start) return null;
  const blocks = [...blocksFrom(bytes, start.at)];
  const maps = mapsOf(blocks, chunks, ends);
  const offset = Math.min(...maps.map(([ms, at]) => at - ms));
  const starts = blocks.filter(
    ({ ms, cluster, key }) => cluster !== null && (key || source === 'mic') && ms + offset >= room.least,
  );
  const first = starts.filter(({ ms }) => ms + offset <= room.from).pop() ?? starts[0];
  const last = blocks.filter(({ ms }) => ms + offset < room.to).pop();
  if (!first || first.cluster === null || !last || last.ms <= first.ms) return null;
  const kept = maps.filter(([ms]) => ms >= first.ms && ms <= last.ms);
  return kept.length > 0 ? { from: first.cluster, to: last.end, maps: kept } : null;
}

/** Return for each chunk the time of its last whole block and the room's clock when that was there.
 *
 * The page's clock runs evenly. The room's is known from messages, each later by its way: the least late says it best.
 */
function mapsOf(
  blocks: readonly Block[],
  chunks: readonly Chunk[],
  ends: readonly number[],
): readonly (readonly [number, number])[] {
  const zero = Math.max(...chunks.map(({ at, room }) => room - at));
  const maps: (readonly [number, number])[] = [];
  let next = 0;
  let last = -1;
  for (const [index, chunk] of chunks.entries()) {
    const end = ends[index] ?? 0;
    while ((blocks[next]?.end ?? Infinity) <= end) next += 1;
    const ms = blocks[next - 1]?.ms ?? -1;
    if (ms > last) maps.push([ms, chunk.at + zero]);
    last = Math.max(last, ms);
  }
  return maps;
}
