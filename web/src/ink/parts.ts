/** Fetches what a welcome left out: of the shown surface at once, then of its neighbours while nothing else goes on. */
import type { Snapshot } from '@/generated/messages';
import { currentSurface, pageKey, surfaceNamed } from './board';

const PAUSE_MS = 400; // between pieces of what is not shown yet
const AGAIN_MS = 3_000;

export interface PartsPort {
  ask(surface: string, after: number): Promise<unknown>;
  set(run: () => void, ms: number): number;
}

export class Parts {
  private room: Snapshot | null = null;
  private busy = false;
  private waits = false;

  constructor(private readonly port: PartsPort) {}

  onRoom(room: Snapshot): void {
    this.room = room;
    void this.next();
  }

  /** Return the surface to ask for: the shown one, then the pages beside it, then any; null: all is here. */
  private wanted(): { key: string; isShown: boolean } | null {
    const { room } = this;
    if (!room) return null;
    const shown = currentSurface(room);
    const beside = room.deck
      ? [room.page + 1, room.page - 1].map((page) => pageKey(room.deck?.id ?? '', page))
      : [];
    const all = room.board.surfaces.map((one) => one.key);
    for (const key of [shown, ...beside, ...all])
      if (surfaceNamed(room.board, key).known !== null) return { key, isShown: key === shown };
    return null;
  }

  private async next(): Promise<void> {
    const wanted = this.wanted();
    if (!wanted || !this.room || this.busy || (this.waits && !wanted.isShown)) return;
    this.busy = true;
    let pause = wanted.isShown ? 0 : PAUSE_MS;
    try {
      await this.port.ask(wanted.key, surfaceNamed(this.room.board, wanted.key).known ?? 0);
    } catch {
      pause = AGAIN_MS; // the socket is away, or the server is busy
    }
    this.busy = false;
    this.waits = true;
    this.port.set(() => {
      this.waits = false;
      void this.next();
    }, pause);
  }
}
