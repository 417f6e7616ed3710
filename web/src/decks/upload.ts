/** One file on its way to the server, that goes on where it was cut: by a bad link, or a reload of the page when the
 *  same file is picked again. Knows no Vue and no fetch. */
import { ApiError } from '@/api/client';
import type { UploadState } from './types';

const FIRST_PIECE = 256 * 1024; // 2 s at 1 Mbit/s
const LEAST_PIECE = 64 * 1024;
const MOST_PIECE = 8 * 1024 * 1024; // what the server takes at once
const GOOD_MS = { least: 2_000, most: 8_000 }; // a piece takes about so long: little is sent twice, few round trips
const WAITS_MS = [1_000, 2_000, 4_000, 8_000, 15_000];
const HASH_LIMIT = 32 * 1024 * 1024; // the browser hashes a file in one piece of memory

/** How the server is reached. */
export interface Door {
  begin(name: string, bytes: number, purpose: string, sha256: string | null): Promise<UploadState>;
  state(id: string): Promise<UploadState>;
  piece(
    id: string,
    offset: number,
    piece: Blob,
    onSent: (n: number) => void,
    stop: AbortSignal,
  ): Promise<number>;
  drop(id: string): Promise<undefined>;
}

/** Which upload a file had: outlives the page. */
export interface Memory {
  get(key: string): string | null;
  set(key: string, id: string): void;
  remove(key: string): void;
}

export interface Surroundings {
  door: Door;
  memory: Memory;
  /** Wait, or less when the network comes back. */
  wait(ms: number): Promise<void>;
  now(): number;
}

export interface Progress {
  sent: number;
  /** The link is down: it goes on by itself. */
  waiting: boolean;
}

export class Cancelled extends Error {}

/** Return what a file is known by when it is picked again. */
export function fileKey(file: File, purpose: string): string {
  return [purpose, file.name, file.size, file.lastModified].join('|');
}

const isPassing = (error: unknown): error is ApiError =>
  error instanceof ApiError &&
  (error.status === 0 || error.status === 408 || error.status === 409 || error.status >= 500) &&
  error.code !== 'disk_full';

export class ResumableUpload {
  private readonly stop = new AbortController();
  private id: string | null = null;
  private size = FIRST_PIECE;
  private sent = 0;

  constructor(
    readonly file: File,
    readonly purpose: string,
    private readonly around: Surroundings,
    private readonly onProgress: (progress: Progress) => void,
  ) {}

  /** Send the file and return its upload's id. @throws ApiError when it is refused, Cancelled */
  async run(): Promise<string> {
    let { id, received } = await this.found();
    while (received < this.file.size) {
      try {
        received = await this.sendNext(id, received);
      } catch (error) {
        if (this.stop.signal.aborted) throw new Cancelled();
        if (!isPassing(error) && !isGone(error)) throw error;
        this.tell(received, true);
        ({ id, received } = await this.found());
      }
      this.tell(received, false);
    }
    return id;
  }

  /** Stop, and let the server forget it. */
  cancel(): void {
    this.stop.abort();
    this.forget();
    if (this.id) this.around.door.drop(this.id).catch(() => undefined); // it is cleared away after a day anyway
  }

  /** It was used: the same file picked again is another upload. */
  forget(): void {
    this.around.memory.remove(this.key);
  }

  private tell(sent: number, waiting: boolean): void {
    this.sent = sent;
    this.onProgress({ sent, waiting });
  }

  private get key(): string {
    return fileKey(this.file, this.purpose);
  }

  /** Return how far the upload is, beginning it when the server does not know it; waits for the link. */
  private async found(): Promise<{ id: string; received: number }> {
    for (let attempt = 0; ; attempt++) {
      if (this.stop.signal.aborted) throw new Cancelled();
      try {
        const state = await this.asked();
        this.id = state.id;
        this.around.memory.set(this.key, state.id);
        return state;
      } catch (error) {
        if (!isPassing(error)) throw error;
        this.tell(this.sent, true);
        await this.around.wait(WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)] ?? 0);
      }
    }
  }

  private async asked(): Promise<UploadState> {
    const known = this.around.memory.get(this.key);
    if (known) {
      try {
        return await this.around.door.state(known);
      } catch (error) {
        if (!isGone(error)) throw error;
        this.forget();
      }
    }
    const { name, size } = this.file;
    return this.around.door.begin(name, size, this.purpose, await sha256(this.file));
  }

  private async sendNext(id: string, offset: number): Promise<number> {
    const piece = this.file.slice(offset, Math.min(this.file.size, offset + this.size));
    const began = this.around.now();
    const report = (sent: number) => this.tell(offset + Math.min(sent, piece.size), false);
    try {
      const received = await this.around.door.piece(id, offset, piece, report, this.stop.signal);
      const took = this.around.now() - began;
      if (took < GOOD_MS.least) this.size = Math.min(MOST_PIECE, this.size * 2);
      else if (took > GOOD_MS.most) this.size = Math.max(LEAST_PIECE, this.size / 2);
      return received;
    } catch (error) {
      this.size = Math.max(LEAST_PIECE, this.size / 2);
      throw error;
    }
  }
}

function isGone(error: unknown): boolean {
  return error instanceof ApiError && error.code === 'upload_unknown';
}

/** Return the file's hash, or null where the browser has none or the file is large. */
async function sha256(file: File): Promise<string | null> {
  const subtle = (globalThis.crypto as Crypto | undefined)?.subtle as SubtleCrypto | undefined;
  if (!subtle || file.size > HASH_LIMIT) return null;
  const digest = await subtle.digest('SHA-256', await file.arrayBuffer());
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
