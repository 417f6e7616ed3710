import { describe, expect, it } from 'vitest';
import { blocksFrom } from './blocks';
import { cluster, HEAD } from './fakeWebm';
import { chunksFor, cutFor, roomFor, type Wanted } from './piece';
import { unbroken, type Chunk } from './shelf';

const wanted: Wanted = { peer: 'p', source: 'mic', from_t_ms: 60_000, to_t_ms: 70_000, beside_ms: 10_000 };
/** Chunks of 4 s from 0 on, on a page whose clock is a second behind the room's. */
const chunks = (count: number): Chunk[] =>
  Array.from({ length: count }, (_, n) => ({ n, at: 4_000 * (n + 1), room: 4_000 * (n + 1) + 1_000 }));

describe('blocks of a growing file', () => {
  it('are found with their times, up to one that is cut off', () => {
    const bytes = new Uint8Array([...cluster(1_000, 2, 60), ...cluster(70_000, 2, 60)].slice(0, -5));
    const found = [...blocksFrom(bytes, 0)];
    expect(found.map(({ ms, key }) => [ms, key])).toEqual([
      [1_000, true],
      [1_060, false],
      [70_000, true],
    ]);
    expect(found.map(({ cluster: at }) => at !== null)).toEqual([true, false, true]);
  });

  it('are none in what is no file', () => {
    expect([...blocksFrom(new Uint8Array([0, 0, 0, 0]), 0)]).toEqual([]);
  });
});

describe('the time that may be sent for a stretch', () => {
  it('has what helps to place it on both sides', () => {
    expect(roomFor(wanted, [])).toEqual({ from: 50_000, least: -Infinity, to: 80_000 });
  });

  it('never reaches into a pause', () => {
    const room = roomFor(wanted, [
      [20_000, 55_000],
      [72_000, 75_000],
    ]);
    expect(room).toEqual({ from: 57_500, least: 57_500, to: 69_500 });
    expect(roomFor(wanted, [[30_000, null]]).from).toBe(Infinity);
  });
});

describe('the chunks of a stretch', () => {
  it('begin early enough for a long cluster and end with it', () => {
    const found = chunksFor(chunks(40), { from: 60_000, least: -Infinity, to: 80_000 });
    expect([found[0]?.n, found[found.length - 1]?.n]).toEqual([4, 19]);
  });

  it('are none of a take that was over before, or began after', () => {
    expect(chunksFor(chunks(5), { from: 60_000, least: -Infinity, to: 80_000 })).toEqual([]);
    expect(chunksFor(chunks(5), { from: -9_000, least: -Infinity, to: -1_000 })).toEqual([]);
    expect(chunksFor([], { from: 0, least: -Infinity, to: 1 })).toEqual([]);
  });

  it('end before one that was lost', () => {
    expect(unbroken(chunks(3).filter(({ n }) => n !== 1))).toHaveLength(1);
  });
});

describe('the bytes of a stretch', () => {
  const parts = [0, 4_000, 8_000, 12_000, 16_000].map((ms) => cluster(ms, 40, 100));
  const bytes = new Uint8Array([...HEAD, ...parts.flat()]);
  const ends = parts.map((_, n) => HEAD.length + parts.slice(0, n + 1).flat().length);
  const five = chunks(5);

  it('begin at a cluster and end at a block, with the moments at which they were', () => {
    const cut = cutFor(bytes, five, ends, { from: 9_500, least: -Infinity, to: 15_000 }, 'mic');
    expect([cut?.from, cut?.to]).toEqual([ends[1], expect.any(Number)]);
    expect((cut?.to ?? 0) < (ends[3] ?? 0)).toBe(true);
    expect(cut?.maps).toEqual([[11_900, 13_000]]);
  });

  it('never begin before the end of a pause', () => {
    const cut = cutFor(bytes, five, ends, { from: 9_500, least: 9_500, to: 20_000 }, 'mic');
    expect(cut?.from).toBe(ends[2]);
  });

  it('begin with a keyframe where it is a picture', () => {
    const still = cluster(4_000, 40, 100, 20, false);
    const film = new Uint8Array([...HEAD, ...cluster(0, 40, 100), ...still, ...cluster(8_000, 40, 100)]);
    const cut = cutFor(film, chunks(3), ends, { from: 6_000, least: -Infinity, to: 12_000 }, 'camera');
    expect(cut?.from).toBe(HEAD.length);
  });

  it('are none when there is nothing of use', () => {
    expect(cutFor(bytes, five, ends, { from: 90_000, least: 90_000, to: 95_000 }, 'mic')).toBeNull();
    expect(cutFor(new Uint8Array(50), five, ends, { from: 0, least: 0, to: 9 }, 'mic')).toBeNull();
  });
});
