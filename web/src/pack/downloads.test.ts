import 'fake-indexeddb/auto';
import { IDBFactory } from 'fake-indexeddb';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Downloads } from './downloads';
import { FakeSchool, bytesOf, seeded, until } from './fakeSchool';
import type { Manifest } from './manifest';
import { PackStore } from './store';

let school: FakeSchool;
let store: PackStore;
let running: Downloads[] = [];

function start(): Downloads {
  const one = school.downloads(store);
  running.push(one);
  one.start();
  return one;
}
const isReady = (lesson: string): boolean => {
  const one = school.progress.get(lesson);
  return one !== undefined && one.totalBytes > 0 && one.haveBytes === one.totalBytes;
};
const pages = (count: number, size: number, seed = 1): Uint8Array[] =>
  Array.from({ length: count }, (_, i) => bytesOf(size + i, seed + i));
const received = (): number => school.asked.reduce((sum, one) => sum + one.sent, 0);
const total = (pack: Manifest): number => pack.items.reduce((sum, item) => sum + item.bytes, 0);
async function isWhole(pack: Manifest): Promise<boolean> {
  for (const item of pack.items) if (!(await store.has(item.sha256))) return false;
  return true;
}

beforeEach(() => {
  vi.stubGlobal('indexedDB', new IDBFactory());
  school = new FakeSchool();
  store = new PackStore();
  running = [];
});
afterEach(() => running.forEach((one) => one.stop()));

describe('a delivery', () => {
  it('brings every page, once, and tells the server', async () => {
    const pack = school.put('l1', pages(5, 3000));
    start();
    await until(() => isReady('l1') && school.reports.at(-1)?.have_bytes === total(pack));
    expect(await isWhole(pack)).toBe(true);
    expect(school.asked.map((one) => one.sha256)).toEqual(pack.items.map((item) => item.sha256));
    expect(school.reports.at(-1)).toEqual({
      lesson: 'l1',
      version: pack.version,
      have_bytes: total(pack),
      problem: '',
    });
  });

  it.each([1, 2, 3])('survives twenty cuts and asks for nothing that it had (seed %i)', async (seed) => {
    const random = seeded(seed);
    let cuts = 0;
    school.cut = () => (cuts < 20 && random() < 0.8 ? ((cuts += 1), Math.floor(random() * 9000)) : null);
    const pack = school.put('l1', pages(12, 9000, seed));
    start();
    await until(() => isReady('l1'));
    expect(cuts).toBe(20);
    expect(await isWhole(pack)).toBe(true);
    expect(received()).toBe(total(pack));
  });

  it('goes on where a page that was killed had written', async () => {
    const pack = school.put('l1', [bytesOf(300_000, 5)]);
    let left = 200_000;
    school.cut = () => left;
    const first = start();
    await until(() => (school.progress.get('l1')?.haveBytes ?? 0) >= 190_000);
    first.stop();
    left = 1_000_000;
    const [item] = pack.items;
    const had = await store.haveBytes(item as never);
    store.close();
    store = new PackStore();
    school.asked.length = 0;
    start();
    await until(() => isReady('l1'));
    expect(school.asked[0]?.start).toBeGreaterThanOrEqual(had);
    expect(await isWhole(pack)).toBe(true);
  });

  it('outlives a server that restarts', async () => {
    const pack = school.put('l1', pages(4, 5000));
    let answers = 0;
    school.cut = () => {
      answers += 1;
      if (answers !== 2) return null;
      school.isDown = true;
      setTimeout(() => (school.isDown = false), 30);
      return 1234;
    };
    start();
    await until(() => isReady('l1'));
    expect(received()).toBe(total(pack));
  });
});

describe('damage', () => {
  it('is thrown away and fetched again', async () => {
    const pack = school.put('l1', pages(3, 2000));
    const bad = pack.items[1]?.sha256;
    let times = 0;
    school.damage = (sha256, data) => {
      if (sha256 !== bad || times >= 2) return data;
      times += 1;
      return data.map((byte, at) => (at === 77 ? byte ^ 1 : byte));
    };
    start();
    await until(() => isReady('l1'));
    expect(await isWhole(pack)).toBe(true);
    expect(school.asked.filter((one) => one.sha256 === bad)).toHaveLength(3);
  });

  it('is not fetched for ever, and the rest comes all the same', async () => {
    const pack = school.put('l1', pages(3, 2000));
    const bad = pack.items[0]?.sha256;
    let isBad = true;
    school.damage = (sha256, data) => (isBad && sha256 === bad ? data.map((byte) => byte ^ 1) : data);
    start();
    await until(() => school.reports.some((one) => one.problem === 'hash_failed'));
    expect(school.asked.filter((one) => one.sha256 === bad)).toHaveLength(3);
    await until(() => (school.progress.get('l1')?.haveBytes ?? 0) === total(pack) - 2000);
    isBad = false; // the file was sent anew: ten minutes later it is tried again
    await until(() => isReady('l1'));
    expect(school.progress.get('l1')?.problem).toBe('');
  });
});

describe('a deck that changes on the way', () => {
  it('brings the new one and lets go of the old', async () => {
    const old = school.put('l1', pages(6, 4000));
    let answers = 0;
    school.cut = () => {
      answers += 1;
      if (answers === 3) school.put('l1', [...pages(2, 4000), ...pages(2, 4000, 50)]);
      return null;
    };
    const one = start();
    await until(() => answers >= 3);
    one.ask();
    await until(
      () => isReady('l1') && school.packs.get('l1')?.version === (school.reports.at(-1)?.version ?? ''),
    );
    const now = school.packs.get('l1') as Manifest;
    expect(await isWhole(now)).toBe(true);
    expect(school.asked.filter((asked) => asked.sha256 === old.items[0]?.sha256)).toHaveLength(1);
    await until(() => school.progress.get('l1')?.totalBytes === total(now));
    expect(await store.has(old.items[5]?.sha256 ?? '')).toBe(false);
  });
});

describe('a browser that is full', () => {
  const full = (): DOMException => new DOMException('full', 'QuotaExceededError');

  it('says so, gives up lessons that are over, and goes on', async () => {
    const over = school.put('over', pages(2, 2000, 9));
    start();
    await until(() => isReady('over'));
    running.pop()?.stop();
    school.coming.delete('over');
    const pack = school.put('l1', pages(3, 2000));
    const write = IDBObjectStore.prototype.put;
    let fails = 1;
    vi.spyOn(IDBObjectStore.prototype, 'put').mockImplementation(function (
      this: IDBObjectStore,
      value: unknown,
    ) {
      if (this.name === 'slices' && fails > 0) {
        fails -= 1;
        throw full();
      }
      return write.call(this, value);
    });
    const one = start();
    await until(() => school.reports.some((told) => told.problem === 'storage_full'));
    one.ask();
    await until(() => isReady('l1'));
    expect(await isWhole(pack)).toBe(true);
    expect(await store.pack('over')).toBeNull();
    expect(await store.has(over.items[0]?.sha256 ?? '')).toBe(false);
  });

  it('makes room before it fetches when the browser says how much there is', async () => {
    school.put('over', pages(2, 2000, 9));
    start();
    await until(() => isReady('over'));
    running.pop()?.stop();
    school.coming.delete('over');
    school.put('l1', pages(3, 2000));
    school.free = 100;
    start();
    await until(() => isReady('l1'));
    expect(await store.pack('over')).toBeNull();
  });

  it('keeps old lessons while there is room: they may be wanted again', async () => {
    school.put('over', pages(2, 2000, 9));
    start();
    await until(() => isReady('over'));
    running.pop()?.stop();
    school.coming.delete('over');
    school.put('l1', pages(3, 2000));
    school.free = 1_000_000;
    start();
    await until(() => isReady('l1'));
    expect(await store.pack('over')).not.toBeNull();
  });
});

describe('the time', () => {
  it.each([-3_600_000, 0, 3_600_000])(
    'is the server’s, however wrong this clock is (%i ms)',
    async (wrong) => {
      const real = Date.now();
      vi.spyOn(Date, 'now').mockImplementation(() => real + wrong);
      school.put('l1', pages(2, 1000), { fetch_in_s: 7200, fetch_for_s: 600 });
      const begun = school.ms;
      let firstAt = 0;
      school.cut = () => {
        firstAt ||= school.ms;
        return null;
      };
      start();
      await until(() => school.progress.get('l1')?.waits === true);
      // The server counts down; what it says is what holds.
      const timer = setInterval(() => {
        const left = Math.max(0, 7200 - (school.ms - begun) / 1000);
        school.coming.set('l1', { fetch_in_s: left, fetch_for_s: 600 });
      }, 0);
      await until(() => isReady('l1'), 20_000);
      clearInterval(timer);
      expect((firstAt - begun) / 1000).toBeGreaterThanOrEqual(7200);
      expect((firstAt - begun) / 1000).toBeLessThan(7800);
    },
  );
});

describe('in class', () => {
  it('fetches what follows the page that is shown first', async () => {
    const pack = school.put('l1', pages(6, 1000));
    const one = school.downloads(store);
    running.push(one);
    one.show('l1', 4);
    one.start();
    await until(() => isReady('l1'));
    const order = school.asked.map(
      (asked) => pack.items.findIndex((item) => item.sha256 === asked.sha256) + 1,
    );
    expect(order).toEqual([4, 5, 6, 3, 2, 1]);
  });

  it('works without a paired screen, without names, and tells nobody', async () => {
    school.isPaired = false;
    const pack = school.put('l1', pages(2, 1000));
    const [first] = pack.items;
    if (first) pack.items.push({ ...first, kind: 'roster', page: 0 });
    const one = school.downloads(store);
    running.push(one);
    one.follow('l1', 'room');
    one.start();
    await until(() => isReady('l1'));
    expect(school.reports).toEqual([]);
    expect((await store.pack('l1'))?.pack.items.map((item) => item.kind)).toEqual(['page', 'page']);
  });
});

describe('a screen that is no longer this classroom’s', () => {
  it('forgets names and questions at once, and keeps pages for when it is asked again', async () => {
    const pack = school.put('l1', pages(3, 1000));
    const [page, , roster] = pack.items;
    if (roster) roster.kind = 'roster';
    const one = start();
    await until(() => isReady('l1'));
    school.isPaired = false;
    one.ask();
    await until(() => school.progress.size === 0);
    expect(await store.has(roster?.sha256 ?? '')).toBe(false);
    expect(await store.has(page?.sha256 ?? '')).toBe(true);
    school.isPaired = true;
    school.asked.length = 0;
    one.ask();
    await until(() => isReady('l1'));
    expect(school.asked.map((asked) => asked.sha256)).toEqual([roster?.sha256]);
  });
});
