/** A shelf in memory, for tests. */
import { unbroken, type Chunk, type Shelf, type Take } from './shelf';

export class FakeShelf implements Shelf {
  readonly kept = new Map<string, { take: Take; chunks: [Chunk, Blob][] }>();

  takes(): Promise<readonly Take[]> {
    return Promise.resolve([...this.kept.values()].map(({ take }) => take));
  }

  begin(take: Take): Promise<void> {
    this.kept.set(take.id, { take, chunks: [] });
    return Promise.resolve();
  }

  add(take: string, chunk: Chunk, data: Blob): Promise<void> {
    this.kept.get(take)?.chunks.push([chunk, data]);
    return Promise.resolve();
  }

  chunks(take: string): Promise<readonly Chunk[]> {
    return Promise.resolve(unbroken((this.kept.get(take)?.chunks ?? []).map(([chunk]) => chunk)));
  }

  read(take: string, chunk: Chunk): Promise<Blob> {
    const found = this.kept.get(take)?.chunks.find(([one]) => one.n === chunk.n);
    return Promise.resolve(found?.[1] ?? new Blob());
  }

  remove(take: string): Promise<void> {
    this.kept.delete(take);
    return Promise.resolve();
  }
}
