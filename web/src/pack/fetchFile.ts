/** Fetch one file of a pack: from where the last try ended, each slice written before more is taken, so that no cut,
 *  reload or power failure costs what had arrived. */
import type { PackItem } from './manifest';
import type { PackStore } from './store';

/** What is written at a time. A browser that is killed loses less than this; a cut loses nothing. */
export const SLICE_BYTES = 64 * 1024;
/** A connection that says nothing for this long is given up: the server lets go after 10 s of itself. */
export const STALL_MS = 30_000;

export type Outcome =
  | 'whole'
  /** The connection ended early: go on later. */
  | 'cut'
  /** What came is not what was promised; all of it is forgotten. */
  | 'damaged'
  /** Not now (503): at night, or when live leaves room. */
  | 'waits'
  /** Nobody has it for us (401, 403, 404): read the manifest again. */
  | 'gone';

/** What of `PackStore` a download needs. */
export type FileStore = Pick<PackStore, 'haveBytes' | 'append' | 'finish'>;

/** Fetch what is missing of `item`. `onBytes` hears what was written.
 *
 * @throws StorageFull, or whatever the database says.
 */
export async function fetchFile(
  item: PackItem,
  store: FileStore,
  fetcher: typeof fetch,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<Outcome> {
  const have = await store.haveBytes(item);
  if (have < item.bytes) {
    const outcome = await fetchRest(item, have, store, fetcher, signal, onBytes);
    if (outcome !== 'whole') return outcome;
  }
  return (await store.finish(item)) ? 'whole' : 'damaged';
}

async function fetchRest(
  item: PackItem,
  have: number,
  store: FileStore,
  fetcher: typeof fetch,
  signal: AbortSignal,
  onBytes: (bytes: number) => void,
): Promise<Outcome> {
  const watch = new Watch(signal);
  try {
    const headers: Record<string, string> = { 'X-Tongtang': '1' };
    if (have > 0) Object.assign(headers, { Range: `bytes=${have}-`, 'If-Range': `"${item.sha256}"` });
    const response = await watch.over(
      fetcher(item.url, { headers, credentials: 'same-origin', cache: 'no-store', signal: watch.signal }),
    );
    if (response === null) return 'cut';
    const refused = refusal(response, have);
    if (refused || !response.body) {
      watch.end();
      return refused ?? 'cut';
    }
    // A box on the way that knows no ranges sends all of it again: what is here is passed over.
    const skip = response.status === 200 ? have : 0;
    return await take(response.body.getReader(), new Writer(item, have, skip, store, onBytes), watch);
  } finally {
    watch.end();
  }
}

async function take(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  writer: Writer,
  watch: Watch,
): Promise<Outcome> {
  for (;;) {
    const piece = await watch.over(reader.read());
    if (piece?.value) await writer.add(piece.value);
    if (piece !== null && !piece.done) continue;
    await writer.flush(); // also what a cut left
    return writer.outcome();
  }
}

function refusal(response: Response, have: number): Outcome | null {
  if (response.status === 206) {
    const start = /^bytes (\d+)-/.exec(response.headers.get('content-range') ?? '')?.[1];
    return Number(start) === have && have > 0 ? null : 'cut';
  }
  if (response.status === 200) return null;
  if (response.status === 416) return 'damaged';
  if ([401, 403, 404].includes(response.status)) return 'gone';
  return response.status === 503 || response.status === 429 ? 'waits' : 'cut';
}

/** Ends a request that stands still, or that nobody wants any more. */
class Watch {
  private readonly controller = new AbortController();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly stop = (): void => this.controller.abort();

  constructor(private readonly outer: AbortSignal) {
    if (outer.aborted) this.stop();
    outer.addEventListener('abort', this.stop);
  }

  get signal(): AbortSignal {
    return this.controller.signal;
  }

  /** Wait for the network; null: it is gone. */
  async over<T>(waiting: Promise<T>): Promise<T | null> {
    clearTimeout(this.timer);
    this.timer = setTimeout(this.stop, STALL_MS);
    try {
      return await waiting;
    } catch {
      return null;
    }
  }

  end(): void {
    clearTimeout(this.timer);
    this.outer.removeEventListener('abort', this.stop);
    this.controller.abort(); // of what was not read to the end
  }
}

/** Gathers what arrives into slices. */
class Writer {
  private buffer = new Uint8Array(SLICE_BYTES);
  private filled = 0;
  private tooLong = false;

  constructor(
    private readonly item: PackItem,
    private at: number,
    private skip: number,
    private readonly store: FileStore,
    private readonly onBytes: (bytes: number) => void,
  ) {}

  async add(piece: Uint8Array): Promise<void> {
    let rest = piece.subarray(Math.min(this.skip, piece.length));
    this.skip -= Math.min(this.skip, piece.length);
    while (rest.length > 0) {
      if (this.at + this.filled >= this.item.bytes) {
        this.tooLong = true;
        return;
      }
      const room = Math.min(SLICE_BYTES - this.filled, this.item.bytes - this.at - this.filled, rest.length);
      this.buffer.set(rest.subarray(0, room), this.filled);
      this.filled += room;
      rest = rest.subarray(room);
      if (this.filled === SLICE_BYTES) await this.flush();
    }
  }

  async flush(): Promise<void> {
    if (this.filled === 0) return;
    const size = this.filled;
    await this.store.append(this.item.sha256, this.at, this.buffer.subarray(0, size));
    this.at += size;
    this.filled = 0;
    this.onBytes(size);
  }

  outcome(): Outcome {
    if (this.tooLong) return 'damaged';
    return this.at >= this.item.bytes ? 'whole' : 'cut';
  }
}
