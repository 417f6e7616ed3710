/** The packs of this browser, in IndexedDB (the Cache API is missing on http addresses). A file arrives as slices, each
 *  written for good before the next is asked for; once its hash is right it becomes one file and the slices go, in the
 *  same transaction. A browser that is killed at any moment has all that it had written, and nothing half. */
import { filesOf, type Manifest, type PackItem } from './manifest';
import { Sha256 } from './sha256';

export const DATABASE = 'tongtang-packs'; // the service worker opens it too
const VERSION = 1;

interface Slice {
  sha256: string;
  offset: number;
  data: ArrayBuffer;
}
interface KeptFile {
  sha256: string;
  kind: string;
  mime: string;
  blob: Blob;
}
export interface Kept {
  lesson: string;
  wantedAt: number;
  pack: Manifest;
}

/** The browser has no more room for us. */
export class StorageFull extends Error {
  override readonly name = 'StorageFull';
}

function open(): Promise<IDBDatabase> {
  return new Promise((done, failed) => {
    const asked = indexedDB.open(DATABASE, VERSION);
    asked.onupgradeneeded = () => {
      asked.result.createObjectStore('slices', { keyPath: ['sha256', 'offset'] });
      asked.result.createObjectStore('files', { keyPath: 'sha256' });
      asked.result.createObjectStore('packs', { keyPath: 'lesson' });
    };
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error ?? new Error('no database'));
    asked.onblocked = () => failed(new Error('blocked'));
  });
}

const answer = <T>(asked: IDBRequest<T>): Promise<T> =>
  new Promise((done, failed) => {
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error ?? new Error('no answer'));
  });

const slicesOf = (sha256: string): IDBKeyRange => IDBKeyRange.bound([sha256, 0], [sha256, Infinity]);

export class PackStore {
  private database: Promise<IDBDatabase> | null = null;

  /** Return how much of a file is here, from its beginning on without a gap; all of it: its size. */
  async haveBytes(item: PackItem): Promise<number> {
    const [file, slices] = await this.read(['files', 'slices'], (of) => [
      answer<IDBValidKey | undefined>(of('files').getKey(item.sha256)),
      answer<IDBValidKey[]>(of('slices').getAllKeys(slicesOf(item.sha256))),
    ]);
    if (file !== undefined) return item.bytes;
    const all = slices as [string, number][];
    const last = all[all.length - 1];
    if (!last) return 0;
    const slice = await this.slice(item.sha256, last[1]);
    return slice ? slice.offset + slice.data.byteLength : 0;
  }

  /** Keep the next bytes of a file. They follow what is here: only one fetches a file at a time.
   *
   * @throws StorageFull
   */
  async append(sha256: string, offset: number, data: Uint8Array): Promise<void> {
    const slice: Slice = { sha256, offset, data: data.slice().buffer };
    await this.write(['slices'], (of) => void of('slices').put(slice));
  }

  /** Make one file of the slices when its hash is right; else forget them. Returns whether it was right.
   *
   * @throws StorageFull
   */
  async finish(item: PackItem): Promise<boolean> {
    if (await this.has(item.sha256)) return true;
    const keys = (await this.ask('slices', (of) => of.getAllKeys(slicesOf(item.sha256)))) as [
      string,
      number,
    ][];
    const hash = new Sha256();
    const parts: BlobPart[] = [];
    let next = 0;
    for (const [, offset] of keys) {
      const slice = await this.slice(item.sha256, offset); // one at a time: the page breathes between
      if (!slice || offset !== next) break;
      hash.update(new Uint8Array(slice.data));
      parts.push(slice.data);
      next += slice.data.byteLength;
    }
    if (next !== item.bytes || hash.hex() !== item.sha256) {
      await this.forget(item.sha256);
      return false;
    }
    await this.keepFile(item, new Blob(parts, { type: item.mime }));
    return true;
  }

  /** Keep a whole file whose hash was checked. */
  async keepFile(item: PackItem, blob: Blob): Promise<void> {
    const file: KeptFile = { sha256: item.sha256, kind: item.kind, mime: item.mime, blob };
    await this.write(['files', 'slices'], (of) => {
      of('files').put(file);
      of('slices').delete(slicesOf(item.sha256));
    });
  }

  async has(sha256: string): Promise<boolean> {
    return (await this.ask('files', (of) => of.getKey(sha256))) !== undefined;
  }

  async file(sha256: string): Promise<Blob | null> {
    return (await this.ask<KeptFile | undefined>('files', (of) => of.get(sha256)))?.blob ?? null;
  }

  /** Forget one file, whole or not. */
  async forget(sha256: string): Promise<void> {
    await this.write(['files', 'slices'], (of) => {
      of('files').delete(sha256);
      of('slices').delete(slicesOf(sha256));
    });
  }

  async pack(lesson: string): Promise<Kept | null> {
    return (await this.ask<Kept | undefined>('packs', (of) => of.get(lesson))) ?? null;
  }

  async packs(): Promise<Kept[]> {
    return await this.ask<Kept[]>('packs', (of) => of.getAll());
  }

  async keepPack(pack: Manifest, wantedAt: number): Promise<void> {
    const kept: Kept = { lesson: pack.lesson, wantedAt, pack };
    await this.write(['packs'], (of) => void of('packs').put(kept));
  }

  /** Forget these packs, and every file that no other pack has. */
  async removePacks(lessons: readonly string[]): Promise<void> {
    await this.write(['packs'], (of) => lessons.forEach((lesson) => of('packs').delete(lesson)));
    await this.sweep();
  }

  /** Forget the files that are in no pack. */
  async sweep(): Promise<void> {
    const used = new Set(
      (await this.packs()).flatMap(({ pack }) => filesOf(pack).map((item) => item.sha256)),
    );
    const [files, slices] = await this.read(['files', 'slices'], (of) => [
      answer<IDBValidKey[]>(of('files').getAllKeys()),
      answer<IDBValidKey[]>(of('slices').getAllKeys()),
    ]);
    const known = [...(files as string[]), ...(slices as [string, number][]).map(([sha256]) => sha256)];
    for (const sha256 of new Set(known)) if (!used.has(sha256)) await this.forget(sha256);
  }

  /** Forget names and questions: this screen is no longer this classroom's, or does not know it any more. */
  async forgetNames(): Promise<void> {
    for (const { pack, wantedAt } of await this.packs()) {
      const items = pack.items.filter((item) => item.kind === 'page' || item.kind === 'clip');
      // Without a version it is read anew when the screen is somebody's again; its pages are still there then.
      if (items.length < pack.items.length) await this.keepPack({ ...pack, version: '', items }, wantedAt);
    }
    await this.sweep();
  }

  close(): void {
    void this.database?.then((database) => database.close());
    this.database = null;
  }

  private async slice(sha256: string, offset: number): Promise<Slice | null> {
    return (await this.ask<Slice | undefined>('slices', (of) => of.get([sha256, offset]))) ?? null;
  }

  private async ask<T>(name: string, question: (of: IDBObjectStore) => IDBRequest<T>): Promise<T> {
    const [found] = await this.read([name], (of) => [answer(question(of(name)))]);
    return found as T;
  }

  private async read(
    names: string[],
    questions: (of: (name: string) => IDBObjectStore) => Promise<unknown>[],
  ): Promise<unknown[]> {
    const transaction = (await this.opened()).transaction(names, 'readonly');
    return await Promise.all(questions((name) => transaction.objectStore(name)));
  }

  private async write(names: string[], work: (of: (name: string) => IDBObjectStore) => void): Promise<void> {
    const database = await this.opened();
    await new Promise<void>((done, failed) => {
      // strict: on the disk when it is said to be, also when the power fails.
      const transaction = database.transaction(names, 'readwrite', { durability: 'strict' });
      transaction.oncomplete = () => done();
      transaction.onabort = () => failed(inWords(transaction.error));
      try {
        work((name) => transaction.objectStore(name));
      } catch (error) {
        transaction.abort();
        failed(inWords(error));
      }
    });
  }

  private opened(): Promise<IDBDatabase> {
    this.database ??= open().then(
      (database) => {
        // The user cleared the site's data, or the disk failed: opened anew by whoever comes next.
        database.onclose = () => (this.database = null);
        database.onversionchange = () => this.close();
        return database;
      },
      (error: unknown) => {
        this.database = null;
        throw error;
      },
    );
    return this.database;
  }
}

function inWords(error: unknown): unknown {
  const name = (error as { name?: string } | null)?.name;
  return name === 'QuotaExceededError' ? new StorageFull() : (error ?? new Error('not written'));
}
