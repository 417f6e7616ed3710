/** The shelf in IndexedDB, for browsers whose own file system cannot be written from a page. */
import { isTake, unbroken, type Chunk, type Shelf, type Take } from './shelf';

const NAME = 'tongtang-local-recording';
const TAKES = 'takes';
const CHUNKS = 'chunks';

interface Row extends Chunk {
  readonly take: string;
  readonly data: Blob;
}

export class DatabaseShelf implements Shelf {
  private constructor(private readonly database: IDBDatabase) {}

  /** Return the shelf, or null where storage is forbidden. */
  static open(): Promise<DatabaseShelf | null> {
    return new Promise((resolve) => {
      try {
        const asked = indexedDB.open(NAME, 1);
        asked.onupgradeneeded = () => {
          asked.result.createObjectStore(TAKES, { keyPath: 'id' });
          asked.result.createObjectStore(CHUNKS, { keyPath: ['take', 'n'] });
        };
        asked.onsuccess = () => resolve(new DatabaseShelf(asked.result));
        asked.onerror = () => resolve(null);
        asked.onblocked = () => resolve(null);
      } catch {
        resolve(null);
      }
    });
  }

  async takes(): Promise<readonly Take[]> {
    const found: unknown[] = await this.ask(TAKES, 'readonly', (store) => store.getAll());
    return found.filter(isTake);
  }

  async begin(take: Take): Promise<void> {
    await this.ask(TAKES, 'readwrite', (store) => store.put(take));
  }

  async add(take: string, chunk: Chunk, data: Blob): Promise<void> {
    await this.ask(CHUNKS, 'readwrite', (store) => store.put({ ...chunk, take, data } satisfies Row));
  }

  async chunks(take: string): Promise<readonly Chunk[]> {
    const rows: Row[] = await this.ask(CHUNKS, 'readonly', (store) => store.getAll(allOf(take)));
    return unbroken(rows.map(({ n, at, room }) => ({ n, at, room })));
  }

  async read(take: string, chunk: Chunk): Promise<Blob> {
    const row = await this.ask<Row | undefined>(CHUNKS, 'readonly', (store) => store.get([take, chunk.n]));
    return row?.data ?? new Blob();
  }

  async remove(take: string): Promise<void> {
    await this.ask(CHUNKS, 'readwrite', (store) => store.delete(allOf(take)));
    await this.ask(TAKES, 'readwrite', (store) => store.delete(take));
  }

  private ask<T>(
    name: string,
    mode: IDBTransactionMode,
    what: (store: IDBObjectStore) => IDBRequest<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const work = this.database.transaction(name, mode);
      const asked = what(work.objectStore(name));
      work.oncomplete = () => resolve(asked.result);
      work.onabort = work.onerror = () => reject(work.error ?? new Error('IndexedDB'));
    });
  }
}

const allOf = (take: string): IDBKeyRange => IDBKeyRange.bound([take], [take, []]);
