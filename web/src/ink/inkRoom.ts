/** The ink of the lesson that this page is in: its own hand, others' in flight, and the parts still to come. */
import { shallowRef } from 'vue';
import type { Event, PeerId, Role, Snapshot } from '@/generated/messages';
import type { Request } from '@/session/socket';
import { currentSurface } from './board';
import { InkDesk } from './desk';
import { pointerFrame } from './frames';
import { Keepsake } from './keepsake';
import { LiveInk } from './liveInk';
import { Parts } from './parts';
import { encodePoints } from './points';

/** The lesson's session, as far as ink needs it. */
export interface InkWire {
  sendInk(frame: string): boolean;
  request(message: Request): Promise<unknown>;
}

/** What the session tells of ink. */
export interface InkEars {
  /** Ink that somebody else has in hand. */
  onFrame(frame: string): void;
  /** An own object was not taken. */
  onRefused(n: number, words: string): void;
  /** The socket is new: the room's state is the present one after event `seq`, and what others have in hand is told
   *  from its beginning. */
  onNewSocket(seq: number): void;
}

const POINTER_MS = 66; // 15 a second

export class InkRoom implements InkEars {
  /** Grows with every change; for what is shown by Vue (undo, redo). */
  readonly revision = shallowRef(0);
  readonly live = new LiveInk();
  desk: InkDesk | null = null;
  private parts: Parts | null = null;
  private room: Snapshot | null = null;
  private wire: InkWire | null = null;
  private isLive = false;
  private backAt: number | null = null;
  private pointedAt = -Infinity;
  private pointing = 0;
  private readonly listeners = new Set<() => void>();

  /** Hear of every change; returns how to stop. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  enter(entry: { lessonId: string; role: Role }, wire: InkWire, onRefused: (words: string) => void): void {
    this.wire = wire;
    const timers = {
      set: (run: () => void, ms: number) => window.setTimeout(run, ms),
      clear: (timer: number) => window.clearTimeout(timer),
      nowMs: () => performance.now(),
    };
    this.desk = new InkDesk(
      {
        ...timers,
        frame: (text) => this.isLive && wire.sendInk(text),
        ask: (request) => wire.request(request),
        isLive: () => this.isLive,
      },
      () => this.changed(),
      onRefused,
      new Keepsake(entry.lessonId, entry.role),
    );
    this.parts = new Parts({
      ask: (surface, after) => wire.request({ type: 'ask_board', surface, after }),
      set: timers.set,
    });
  }

  leave(): void {
    window.clearTimeout(this.pointing);
    this.desk = this.parts = this.room = this.wire = null;
    this.isLive = false;
    this.live.clear();
  }

  onRoom(room: Snapshot, me: PeerId): void {
    const before = this.room;
    this.room = room;
    if (before?.board !== room.board || before.page !== room.page || before.deck !== room.deck) {
      this.desk?.onRoom(room, me);
      this.parts?.onRoom(room);
      this.changed();
    }
    this.comeBack();
  }

  onEvent({ body }: Event): void {
    if (body.kind === 'ink_added') this.live.onAdded(body.object.id);
  }

  onFrame(frame: string): void {
    const current = this.room ? currentSurface(this.room) : '';
    if (this.live.onFrame(frame, current, performance.now())) this.changed();
  }

  onRefused(n: number, words: string): void {
    this.desk?.onInkRefused(n, words);
  }

  onAway(): void {
    this.isLive = false;
    this.backAt = null;
    this.desk?.onAway();
  }

  onNewSocket(seq: number): void {
    this.live.clear();
    this.backAt = seq;
    this.comeBack();
  }

  /** What was written here while the socket was away waits for the events that were missed. */
  private comeBack(): void {
    if (this.backAt === null || !this.room || this.room.seq < this.backAt) return;
    this.backAt = null;
    this.isLive = true;
    this.desk?.onBack();
    this.changed();
  }

  /** Show everyone where this page points, or (null) no longer. Where it comes to rest is always told. */
  point(at: { x: number; y: number } | null): void {
    window.clearTimeout(this.pointing);
    const wait = at ? this.pointedAt + POINTER_MS - performance.now() : 0;
    if (wait > 0) this.pointing = window.setTimeout(() => this.tellPoint(at), wait);
    else this.tellPoint(at);
  }

  private tellPoint(at: { x: number; y: number } | null): void {
    this.pointedAt = at ? performance.now() : -Infinity;
    const point = at ? [{ x: Math.round(at.x), y: Math.round(at.y), pressure: -1 }] : [];
    if (this.isLive) this.wire?.sendInk(pointerFrame(encodePoints(point)));
  }

  private changed(): void {
    this.revision.value += 1;
    for (const listener of this.listeners) listener();
  }
}
