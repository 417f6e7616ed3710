/** Where a browser keeps what it recorded of itself: chunk by chunk, each whole on the disk before the next begins, so
 *  that a crash or a closed tab costs the last one. Two shelves are alike: the browser's file system, and IndexedDB
 *  where that is missing. */

export type LocalSource = 'mic' | 'camera';

/** One run of the browser's recorder: a file of one track in chunks. */
export interface Take {
  readonly id: string;
  readonly lesson: string;
  readonly title: string;
  /** Who this browser was in the lesson: nobody else's log-in sends it. */
  readonly peer: string;
  readonly source: LocalSource;
  /** Takes of one page have the same clock. */
  readonly browser: string;
  /** Wall clock in ms: when it began, and when it is deleted unless it was sent. */
  readonly begun: number;
  readonly until: number;
}

/** A chunk, and the moment at which it was whole, on the page's clock and on the room's, in ms. */
export interface Chunk {
  readonly n: number;
  readonly at: number;
  readonly room: number;
}

export interface Shelf {
  takes(): Promise<readonly Take[]>;
  begin(take: Take): Promise<void>;
  /** @throws when the disk or the quota is full */
  add(take: string, chunk: Chunk, data: Blob): Promise<void>;
  /** The chunks in order, up to the first that is missing. */
  chunks(take: string): Promise<readonly Chunk[]>;
  read(take: string, chunk: Chunk): Promise<Blob>;
  remove(take: string): Promise<void>;
}

export function isTake(value: unknown): value is Take {
  const take = value as Partial<Take> | null;
  return typeof take?.id === 'string' && typeof take.lesson === 'string' && typeof take.peer === 'string';
}

/** Return the chunks in order, without those after one that is missing. */
export function unbroken(chunks: readonly Chunk[]): readonly Chunk[] {
  const sorted = [...chunks].sort((a, b) => a.n - b.n);
  const end = sorted.findIndex((chunk, index) => chunk.n !== index);
  return end < 0 ? sorted : sorted.slice(0, end);
}
