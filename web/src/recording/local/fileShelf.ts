/** The shelf in the browser's own file system (OPFS): a folder a take, a file a chunk. A file is there when it is
 *  closed, so what a crash leaves is whole; the name holds the chunk's times, so there is no index to lag behind. */
import { isTake, unbroken, type Chunk, type Shelf, type Take } from './shelf';

const FOLDER = 'local-recording';
const ABOUT = 'take.json';
const NAME = /^(\d{1,7})_(\d{1,12})_(-?\d{1,12})$/;

type Entries = AsyncIterable<[string, FileSystemHandle]>;

export class FileShelf implements Shelf {
  private constructor(private readonly root: FileSystemDirectoryHandle) {}

  /** Return the shelf, or null where this browser has no such files. */
  static async open(): Promise<FileShelf | null> {
    try {
      if (!('createWritable' in FileSystemFileHandle.prototype)) return null;
      const files = await navigator.storage.getDirectory();
      return new FileShelf(await files.getDirectoryHandle(FOLDER, { create: true }));
    } catch {
      return null; // an old browser, a private window, or a page without TLS
    }
  }

  async takes(): Promise<readonly Take[]> {
    const found: Take[] = [];
    for await (const [name, entry] of this.root as unknown as Entries) {
      if (entry.kind !== 'directory') continue;
      const take = await this.about(name);
      if (take) found.push(take);
    }
    return found;
  }

  private async about(name: string): Promise<Take | null> {
    try {
      const file = await (await this.folder(name)).getFileHandle(ABOUT);
      const take: unknown = JSON.parse(await (await file.getFile()).text());
      return isTake(take) ? take : null;
    } catch {
      return null;
    }
  }

  async begin(take: Take): Promise<void> {
    const folder = await this.root.getDirectoryHandle(take.id, { create: true });
    await write(folder, ABOUT, new Blob([JSON.stringify(take)]));
  }

  async add(take: string, chunk: Chunk, data: Blob): Promise<void> {
    await write(await this.folder(take), nameOf(chunk), data);
  }

  async chunks(take: string): Promise<readonly Chunk[]> {
    const found: Chunk[] = [];
    for await (const [name] of (await this.folder(take)) as unknown as Entries) {
      const parts = NAME.exec(name);
      if (parts) found.push({ n: Number(parts[1]), at: Number(parts[2]), room: Number(parts[3]) });
    }
    return unbroken(found);
  }

  async read(take: string, chunk: Chunk): Promise<Blob> {
    return (await (await this.folder(take)).getFileHandle(nameOf(chunk))).getFile();
  }

  async remove(take: string): Promise<void> {
    await this.root.removeEntry(take, { recursive: true }).catch(() => undefined); // gone already
  }

  private folder(take: string): Promise<FileSystemDirectoryHandle> {
    return this.root.getDirectoryHandle(take);
  }
}

const nameOf = (chunk: Chunk): string => `${chunk.n}_${Math.round(chunk.at)}_${Math.round(chunk.room)}`;

async function write(folder: FileSystemDirectoryHandle, name: string, data: Blob): Promise<void> {
  const file = await (await folder.getFileHandle(name, { create: true })).createWritable();
  await file.write(data);
  await file.close();
}
