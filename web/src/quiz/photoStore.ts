/** Photos that could not be sent yet, kept in the browser's database until they are. */
import type { ClassroomId, PupilId, QuestionId } from '@/generated/messages';

export interface KeptPhoto {
  /** Lesson, question and pupil: a new photo of the same work takes the place of the old one. */
  key: string;
  lesson: string;
  classroom: ClassroomId;
  question: QuestionId;
  pupil: PupilId;
  photo: Blob;
}

const NAME = 'tongtang.photos';
const SHELF = 'waiting';

export const keyOf = (lesson: string, question: QuestionId, pupil: PupilId): string =>
  `${lesson}/${question}/${pupil}`;

/** A browser that gives no storage (a private window) keeps them as long as the page is open. */
export class PhotoStore {
  private opened: Promise<IDBDatabase> | null = null;
  private readonly unkept = new Map<string, KeptPhoto>();

  async put(photo: KeptPhoto): Promise<void> {
    await this.run('readwrite', (shelf) => shelf.put(photo)).catch(() => this.unkept.set(photo.key, photo));
  }

  /** Forget it, unless another photo of the same work was taken meanwhile. */
  async remove({ key, photo }: KeptPhoto): Promise<void> {
    if (this.unkept.get(key)?.photo.size === photo.size) this.unkept.delete(key);
    try {
      const now = await this.run<KeptPhoto | undefined>('readonly', (shelf) => shelf.get(key));
      if (now?.photo.size === photo.size) await this.run('readwrite', (shelf) => shelf.delete(key));
    } catch {
      // No storage: then it is not in there either.
    }
  }

  async all(): Promise<readonly KeptPhoto[]> {
    const kept = await this.run<KeptPhoto[]>('readonly', (shelf) => shelf.getAll()).catch(() => []);
    return [...kept.filter((one) => !this.unkept.has(one.key)), ...this.unkept.values()];
  }

  async of(lesson: string): Promise<readonly KeptPhoto[]> {
    return (await this.all()).filter((one) => one.lesson === lesson);
  }

  private async run<T = unknown>(
    mode: IDBTransactionMode,
    ask: (shelf: IDBObjectStore) => IDBRequest,
  ): Promise<T> {
    this.opened ??= open();
    this.opened.catch(() => (this.opened = null));
    const database = await this.opened;
    return new Promise<T>((resolve, reject) => {
      const transaction = database.transaction(SHELF, mode);
      const asked = ask(transaction.objectStore(SHELF));
      transaction.oncomplete = () => resolve(asked.result as T);
      transaction.onerror = transaction.onabort = () =>
        reject(transaction.error ?? new DOMException('abort'));
    });
  }
}

function open(): Promise<IDBDatabase> {
  return new Promise((resolve, reject) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(SHELF, { keyPath: 'key' });
    asked.onsuccess = () => resolve(asked.result);
    asked.onerror = asked.onblocked = () => reject(asked.error ?? new DOMException('blocked'));
  });
}

/** The one of this page. */
export const photos = new PhotoStore();
