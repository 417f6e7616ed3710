/** After class: what the network lost is sent, and nothing else; then what was recorded here is deleted. Knows no Vue
 *  and no fetch; one lesson at a time, slowly, so that whatever else the link carries comes first. */
import { ApiError } from '@/api/client';
import type { Door, Surroundings } from '@/decks/upload';
import { Cancelled, ResumableUpload } from '@/decks/upload';
import { joined, readHead } from '@/player/webm';
import type { Asked, Brought } from './api';
import { chunksFor, cutFor, roomFor, type Cut, type Pause, type Wanted } from './piece';
import type { Chunk, Shelf, Take } from './shelf';

export const PURPOSE = 'gap';
const REST = 1; // rests as long as each piece took: half of the link at most

export interface Server {
  asked(lesson: string): Promise<Asked>;
  bring(lesson: string, piece: Brought): Promise<unknown>;
  done(lesson: string): Promise<unknown>;
}

export interface Told {
  readonly title: string;
  /** 0 to 1. */
  readonly sent: number;
  readonly waiting: boolean;
}

/** What became of a lesson: its recording is not finished; the school is in class; it is not ours to send; all is
 *  sent (`brought` pieces) and nothing is kept here any more. */
export type Outcome =
  { readonly state: 'wait' | 'busy' | 'foreign' } | { readonly state: 'done'; readonly brought: number };

export class GapSender {
  private held: Promise<void> | null = null;
  private release: () => void = () => undefined;
  private current: ResumableUpload | null = null;
  private stopped = false;

  constructor(
    private readonly shelf: Shelf,
    private readonly server: Server,
    private readonly around: Surroundings,
    private readonly tell: (told: Told) => void,
  ) {}

  /** Send nothing until `go`: a lesson is on. A piece that is on its way ends. */
  hold(): void {
    this.held ??= new Promise((resolve) => (this.release = resolve));
  }

  go(): void {
    this.held = null;
    this.release();
  }

  /** Send nothing any more; what is on its way is given up. */
  stop(): void {
    this.stopped = true;
    this.current?.cancel();
    this.go();
  }

  /** Do what is to be done for the takes of one lesson. `hurry`: also while the school is in class.
   *
   * @throws ApiError when the server could not be asked; everything is kept. Cancelled after `stop`
   */
  async run(lesson: string, hurry = false): Promise<Outcome> {
    const asked = await this.server.asked(lesson);
    const takes = (await this.shelf.takes()).filter(
      (take) => take.lesson === lesson && asked.peers.includes(take.peer),
    );
    if (takes.length === 0) return { state: 'foreign' };
    if (asked.state === 'wait') return { state: 'wait' };
    if (asked.is_busy && !hurry && asked.wanted.length > 0) return { state: 'busy' };
    let brought = 0;
    for (const [index, wanted] of asked.wanted.entries()) {
      const part = (sent: number, waiting: boolean) =>
        this.tell({ title: takes[0]?.title ?? '', sent: (index + sent) / asked.wanted.length, waiting });
      part(0, false);
      if (this.stopped) throw new Cancelled();
      if (await this.bring(lesson, wanted, takes, asked.pauses, hurry, part)) brought += 1;
    }
    if (asked.state === 'open') await this.server.done(lesson);
    for (const take of takes) await this.shelf.remove(take.id);
    return { state: 'done', brought };
  }

  private async bring(
    lesson: string,
    wanted: Wanted,
    takes: readonly Take[],
    pauses: readonly Pause[],
    hurry: boolean,
    tell: (sent: number, waiting: boolean) => void,
  ): Promise<boolean> {
    for (const take of takes) {
      if (take.peer !== wanted.peer || take.source !== wanted.source) continue;
      const found = await this.pieceOf(take, wanted, pauses);
      if (!found) continue;
      const around = hurry ? this.around : { ...this.around, door: this.gentle(this.around.door) };
      const name = `${take.id}-${Math.round(wanted.from_t_ms)}.webm`;
      const file = new File([found.data], name, { lastModified: take.begun });
      const upload = new ResumableUpload(file, PURPOSE, around, (progress) =>
        tell(progress.sent / file.size, progress.waiting),
      );
      if (await this.taken(lesson, wanted, take, upload, found.cut)) return true;
    }
    return false;
  }

  private async taken(
    lesson: string,
    { peer, source, from_t_ms, to_t_ms }: Wanted,
    { browser }: Take,
    upload: ResumableUpload,
    { maps }: Cut,
  ): Promise<boolean> {
    this.current = upload;
    try {
      const id = await upload.run();
      if (this.stopped) throw new Cancelled();
      await this.server.bring(lesson, { upload: id, peer, source, browser, from_t_ms, to_t_ms, maps });
      upload.forget();
      return true;
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 0 || error.status >= 500) throw error;
      upload.forget(); // the server will not have this one: the others may still do
      return false;
    } finally {
      this.current = null;
    }
  }

  private async pieceOf(
    take: Take,
    wanted: Wanted,
    pauses: readonly Pause[],
  ): Promise<{ data: Blob; cut: Cut } | null> {
    const all = await this.shelf.chunks(take.id);
    const room = roomFor(wanted, pauses);
    const chunks = chunksFor(all, room);
    const [first] = all;
    if (chunks.length === 0 || !first) return null;
    const head = readHead(await this.bytes(take, first));
    const parts = await Promise.all(chunks.map((chunk) => this.bytes(take, chunk)));
    let end = 0;
    const ends = parts.map((part) => (end += part.length));
    const bytes = joined(parts);
    const cut = head && cutFor(bytes, chunks, ends, room, take.source);
    if (!head || !cut) return null;
    return {
      data: new Blob([head.init, bytes.subarray(cut.from, cut.to)] as Uint8Array<ArrayBuffer>[]),
      cut,
    };
  }

  private async bytes(take: Take, chunk: Chunk): Promise<Uint8Array> {
    return new Uint8Array(await (await this.shelf.read(take.id, chunk)).arrayBuffer());
  }

  /** The same door, that rests between pieces and stands still while it is held. */
  private gentle(door: Door): Door {
    return {
      ...door,
      piece: async (...given) => {
        await this.held;
        if (this.stopped) throw new Cancelled();
        const began = this.around.now();
        const received = await door.piece(...given);
        await this.around.wait((this.around.now() - began) * REST);
        return received;
      },
    };
  }
}
