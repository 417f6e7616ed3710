import { createHash } from 'node:crypto';
import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Manifest, PackItem } from './manifest';
import { PackStore, StorageFull } from './store';

const data = (length: number, seed = 1): Uint8Array =>
  Uint8Array.from({ length }, (_, i) => (i * 31 * seed) & 255);

function itemOf(bytes: Uint8Array, lesson = 'l1'): PackItem {
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  return {
    kind: 'page',
    sha256,
    bytes: bytes.length,
    mime: 'image/webp',
    url: `/api/lessons/${lesson}/pack/${sha256}`,
    page: 1,
  };
}
const packOf = (lesson: string, ...items: PackItem[]): Manifest => ({
  lesson,
  deck: 'd',
  version: '0'.repeat(64),
  items,
});

let store: PackStore;
beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  store = new PackStore();
});

describe('a file that arrives in slices', () => {
  const bytes = data(1000);
  const item = itemOf(bytes);

  it('is there as far as it was written, whoever looks', async () => {
    expect(await store.haveBytes(item)).toBe(0);
    await store.append(item.sha256, 0, bytes.subarray(0, 400));
    await store.append(item.sha256, 400, bytes.subarray(400, 401));
    expect(await new PackStore().haveBytes(item)).toBe(401);
    expect(await store.file(item.sha256)).toBeNull();
  });

  it('becomes a file when its hash is right, and its slices go', async () => {
    await store.append(item.sha256, 0, bytes.subarray(0, 400));
    await store.append(item.sha256, 400, bytes.subarray(400));
    expect(await store.finish(item)).toBe(true);
    const blob = await store.file(item.sha256);
    expect(new Uint8Array(await (blob as Blob).arrayBuffer())).toEqual(bytes);
    expect(blob?.type).toBe('image/webp');
    expect(await store.haveBytes(item)).toBe(1000);
    expect(await store.finish(item)).toBe(true);
  });

  it.each(['damaged', 'too short', 'with a hole'])('is forgotten when it is %s', async (how) => {
    const wrong = bytes.slice();
    if (how === 'damaged') wrong[700] = (wrong[700] as number) ^ 1;
    await store.append(item.sha256, 0, wrong.subarray(0, 400));
    if (how !== 'too short')
      await store.append(item.sha256, how === 'damaged' ? 400 : 500, wrong.subarray(400));
    expect(await store.finish(item)).toBe(false);
    expect(await store.haveBytes(item)).toBe(0);
    expect(await store.has(item.sha256)).toBe(false);
  });

  it('copies what it is given: the network buffer is used again', async () => {
    const buffer = bytes.slice();
    const writing = store.append(item.sha256, 0, buffer);
    buffer.fill(0);
    await writing;
    expect(await store.finish(item)).toBe(true);
  });
});

describe('packs', () => {
  const shared = itemOf(data(10));
  const first = itemOf(data(20, 2));
  const second = itemOf(data(30, 3));

  it('share files, and give up only what no other pack has', async () => {
    for (const [item, bytes] of [
      [shared, data(10)],
      [first, data(20, 2)],
    ] as const) {
      await store.append(item.sha256, 0, bytes);
      await store.finish(item);
    }
    await store.append(second.sha256, 0, data(15, 3));
    await store.keepPack(packOf('l1', shared, first), 1);
    await store.keepPack(packOf('l2', shared, second), 2);
    await store.removePacks(['l1']);
    expect(await store.has(shared.sha256)).toBe(true);
    expect(await store.has(first.sha256)).toBe(false);
    expect(await store.haveBytes(second)).toBe(15);
    expect((await store.packs()).map((kept) => kept.lesson)).toEqual(['l2']);
  });
});

describe('a browser without room', () => {
  it('says so, and keeps what it had', async () => {
    const bytes = data(1000);
    const item = itemOf(bytes);
    await store.append(item.sha256, 0, bytes.subarray(0, 400));
    const full = new DOMException('full', 'QuotaExceededError');
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementationOnce(() => {
      throw full;
    });
    await expect(store.append(item.sha256, 400, bytes.subarray(400))).rejects.toBeInstanceOf(StorageFull);
    expect(await store.haveBytes(item)).toBe(400);
    await store.append(item.sha256, 400, bytes.subarray(400));
    expect(await store.finish(item)).toBe(true);
  });
});
