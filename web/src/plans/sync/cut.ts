/** Updates cut into pieces that fit into frames and each apply after those before (docs/planning.md).
 *
 *  Whoever wrote for a day without a network brings megabytes at once. In pieces, each is on the server's disk when it
 *  is acknowledged: a link that drops in between has lost one piece, not all of it. */
import * as encoding from 'lib0/encoding';
import * as Y from 'yjs';

/** A frame may have four times as much: what the last struct of a piece adds is not known before. */
export const PIECE_BYTES = 64 * 1024;
/** UTF-16 units of one struct, of three bytes each at the most. */
const TEXT_UNITS = 16_000;
const DELETIONS = 6_000; // ranges of one piece, of ten bytes at the most

type Struct = ReturnType<typeof Y.decodeUpdate>['structs'][number];
type Deletions = ReturnType<typeof Y.decodeUpdate>['ds'];

interface Section {
  clock: number;
  count: number;
  encoder: Y.UpdateEncoderV1;
}

/** Return an update as updates that apply in this order to whatever the whole applies to. */
export function cut(update: Uint8Array, most = PIECE_BYTES): Uint8Array[] {
  if (update.length <= most) return [update];
  const { structs, ds } = Y.decodeUpdate(update);
  const runs = new Map<number, Struct[]>();
  for (const struct of structs.flatMap(split)) {
    const run = runs.get(struct.id.client);
    if (run) run.push(struct);
    else runs.set(struct.id.client, [struct]);
  }
  /** The next clock of each client; what comes before the update is there. */
  const have = new Map([...runs].map(([client, run]) => [client, run[0]?.id.clock ?? 0]));
  const pieces: Uint8Array[] = [];
  while (runs.size > 0) {
    const sections = take(runs, have, most);
    if (sections.size === 0) return [update]; // no editor makes this; the server says what it thinks of it
    pieces.push(packed(sections));
  }
  return [...pieces, ...deletions(ds)];
}

/** Take as much as fits out of the runs, as far as what it refers to went before. */
function take(runs: Map<number, Struct[]>, have: Map<number, number>, most: number): Map<number, Section> {
  const sections = new Map<number, Section>();
  let bytes = 0;
  for (let moved = true; moved && bytes < most;) {
    moved = false;
    for (const [client, run] of runs) {
      let at = 0;
      for (let next = run[0]; next && bytes < most && isReady(next, have); next = run[++at]) {
        bytes += put(sections, next);
        have.set(client, next.id.clock + next.length);
        moved = true;
      }
      if (at === run.length) runs.delete(client);
      else if (at > 0) runs.set(client, run.slice(at));
    }
  }
  return sections;
}

function isReady(struct: Struct, have: Map<number, number>): boolean {
  if (!(struct instanceof Y.Item)) return true;
  const { origin, rightOrigin, parent } = struct;
  return [origin, rightOrigin, parent as unknown].every(
    (one) => !(one instanceof Y.ID) || one.clock < (have.get(one.client) ?? Infinity),
  );
}

/** Write a struct into its client's section; return how many bytes it took. */
function put(sections: Map<number, Section>, struct: Struct): number {
  const { client, clock } = struct.id;
  const section = sections.get(client) ?? { clock, count: 0, encoder: new Y.UpdateEncoderV1() };
  sections.set(client, section);
  const before = encoding.length(section.encoder.restEncoder);
  struct.write(section.encoder, 0);
  section.count += 1;
  return encoding.length(section.encoder.restEncoder) - before;
}

function packed(sections: Map<number, Section>): Uint8Array {
  return encoding.encode((all) => {
    encoding.writeVarUint(all, sections.size);
    for (const [client, { clock, count, encoder }] of sections) {
      for (const number of [count, client, clock]) encoding.writeVarUint(all, number);
      encoding.writeUint8Array(all, encoder.toUint8Array());
    }
    encoding.writeVarUint(all, 0); // it deletes nothing
  });
}

function deletions(ds: Deletions): Uint8Array[] {
  const ranges = [...ds.clients].flatMap(([client, some]) =>
    some.map(({ clock, len }) => ({ client, clock, len })),
  );
  const pieces: Uint8Array[] = [];
  for (let at = 0; at < ranges.length; at += DELETIONS) {
    const sets = new Map<number, { clock: number; len: number }[]>();
    for (const one of ranges.slice(at, at + DELETIONS))
      sets.set(one.client, [...(sets.get(one.client) ?? []), one]);
    pieces.push(
      encoding.encode((all) => {
        for (const number of [0, sets.size]) encoding.writeVarUint(all, number);
        for (const [client, some] of sets) {
          for (const number of [client, some.length]) encoding.writeVarUint(all, number);
          for (const one of some)
            for (const number of [one.clock, one.len]) encoding.writeVarUint(all, number);
        }
      }),
    );
  }
  return pieces;
}

/** Return a long text as several, of which each is the neighbour of the one before. */
function split(struct: Struct): Struct[] {
  if (
    !(struct instanceof Y.Item) ||
    !(struct.content instanceof Y.ContentString) ||
    struct.length <= TEXT_UNITS
  )
    return [struct];
  const { client, clock } = struct.id;
  const { str } = struct.content;
  const parts: Struct[] = [];
  for (let from = 0; from < str.length;) {
    let to = Math.min(str.length, from + TEXT_UNITS);
    if (to < str.length && /[\uD800-\uDBFF]/.test(str.charAt(to - 1))) to -= 1; // both halves of a letter
    const [origin, parent, sub] = from
      ? [Y.createID(client, clock + from - 1), null, null]
      : [struct.origin, struct.parent, struct.parentSub];
    const content = new Y.ContentString(str.slice(from, to));
    const id = Y.createID(client, clock + from);
    parts.push(new Y.Item(id, null, origin, null, struct.rightOrigin, parent, sub, content));
    from = to;
  }
  return parts;
}
