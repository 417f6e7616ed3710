/** What this screen writes: shown at once, sent while drawn, kept through outages, never doubled. Knows no Vue.
 *
 *  A stroke goes out in frames as it is drawn. When the socket is away it is kept, and sent whole afterwards; the server
 *  counts an author's objects, so what arrived already is known by its number. One that the server finished early (the
 *  socket dropped in the middle) goes on as another object. Erasing and undoing hide at once and ask behind it. */
import type { Board, InkObject, PeerId, Snapshot } from '@/generated/messages';
import { LessonError } from '@/session/errors';
import type { Request } from '@/session/socket';
import { Acts, type Act } from './acts';
import { authorNumber, highest, readId, surfaceNamed } from './board';
import { CANCEL_FRAME, MAX_FRAME_POINTS, beginFrame, endFrame, moreFrame, type Style } from './frames';
import { ORIGIN, decodePoints, encodePoints, type Point, lastOf } from './points';
import type { Keepsake, Kept } from './keepsake';
import type { InkPort, Op } from './port';
import { OpenStroke, isShape, type Pending } from './stroke';
import type { Sample } from './trace';

export const SEND_MS = 28; // between the frames of a stroke: with a screen's 16 ms at both ends, 60 ms in all
export const MAX_POINTS = 900; // of one object; a longer stroke goes on in another
const MAX_IDS = 2_000; // board_rules.py: MAX_IDS
const RETRY_MS = 1_000;
const LOST = new Set(['disconnected', 'timeout', 'too_many_requests', 'storage_unavailable']);

export class InkDesk {
  open: OpenStroke | null = null;
  readonly pending = new Map<number, Pending>();
  private readonly hidden = new Set<string>();
  private readonly hiddenNs = new Set<number>();
  private queue: Op[] = [];
  private busy = false;
  private next = 1;
  private author = -1;
  private board: Board | null = null;
  private readonly acts = new Acts();
  private timer: number | null = null;
  private topOf: { board: Board; surface: string; hidden: number; act: Act | null } | null = null;

  constructor(
    private readonly port: InkPort,
    private readonly onChange: () => void,
    private readonly onRefused: (words: string) => void,
    private readonly keepsake: Keepsake | null = null,
  ) {
    for (const kept of keepsake?.load() ?? []) this.takeUp(kept);
  }

  // --- what is shown

  isHidden(id: string): boolean {
    return this.hidden.has(id);
  }

  get hidesAny(): boolean {
    return this.hidden.size > 0;
  }

  /** The objects of this screen that the board does not have yet, on a surface. */
  pendingOn(surface: string): Pending[] {
    return [...this.pending.values()].filter((one) => one.surface === surface && !this.hiddenNs.has(one.n));
  }

  isOwn(id: string): boolean {
    return this.author >= 0 && readId(id).author === this.author;
  }

  /** Whether everything that was made here has reached the server. */
  get isSettled(): boolean {
    return this.pending.size === 0 && this.queue.length === 0 && this.open === null;
  }

  // --- drawing

  begin(style: Style, surface: string, sample: Sample): void {
    if (this.open) this.end();
    this.open = new OpenStroke(this.next++, style, surface);
    this.open.way.add(sample);
    this.flush();
    this.onChange();
  }

  move(samples: readonly Sample[]): void {
    if (!this.open) return;
    for (const sample of samples) this.open.way.add(sample);
    this.onChange();
    if (this.open.way.points.length - this.open.from > MAX_POINTS) return this.goOn();
    const waitMs = this.open.toldAtMs + SEND_MS - this.port.nowMs();
    if (waitMs <= 0) this.flush();
    else this.timer ??= this.port.set(() => this.flush(), waitMs);
  }

  end(): void {
    const stroke = this.open;
    if (!stroke) return;
    this.flush();
    this.open = null;
    this.finish(stroke);
    this.onChange();
  }

  /** The contact was no writing: forget the stroke. */
  cancel(): void {
    if (!this.open) return;
    if (this.open.isTold) this.port.frame(CANCEL_FRAME);
    this.stopTimer();
    this.open = null;
    this.onChange();
  }

  addText(style: Style, surface: string, at: { x: number; y: number }, text: string): void {
    const point = { x: Math.round(at.x), y: Math.round(at.y), pressure: -1 };
    const one = { n: this.next++, style, surface, points: [point], text, wasSent: false };
    this.pending.set(one.n, one);
    this.acts.add({ kind: 'added', surface, ids: [], ns: [one.n] });
    this.put({ kind: 'add', n: one.n });
    this.onChange();
  }

  // --- erasing, undoing

  /** Erase objects of a surface. Pieces of one wipe (`sameWipe`) are undone together. */
  erase(surface: string, ids: readonly string[], sameWipe = false): void {
    const gone = ids.filter((id) => !this.hidden.has(id));
    if (gone.length === 0) return;
    this.acts.addRemoved(surface, gone, sameWipe);
    this.remove(surface, gone, []);
  }

  /** Wipe a surface whole. */
  wipe(surface: string): void {
    const objects = this.board ? surfaceNamed(this.board, surface).objects : [];
    const ns = this.pendingOn(surface).map((one) => one.n);
    if (objects.length === 0 && ns.length === 0) return;
    this.acts.add({ kind: 'removed', surface, ids: objects.map((one) => one.id), ns });
    for (const one of objects) this.hidden.add(one.id);
    if (ns.length > 0) this.remove(surface, [], ns);
    this.put({ kind: 'clear', surface });
    this.onChange();
  }

  canUndo(surface: string): boolean {
    return this.acts.canUndo(surface) || this.ownTop(surface) !== null;
  }

  canRedo(surface: string): boolean {
    return this.acts.canRedo(surface);
  }

  /** Take back the last act of this screen on a surface; after a reload, its last object there. */
  undo(surface: string): void {
    const known = this.acts.undo(surface);
    const act = known ?? this.ownTop(surface);
    if (!act) return;
    if (!known) this.acts.tookBack(act);
    if (act.kind === 'added') this.remove(surface, act.ids, act.ns);
    else this.restore(act);
  }

  redo(surface: string): void {
    const act = this.acts.redo(surface);
    if (!act) return;
    if (act.kind === 'added') this.restore(act);
    else this.remove(surface, act.ids, act.ns);
  }

  // --- news

  /** The room's state is another. */
  onRoom(room: Snapshot, me: PeerId): void {
    if (room.board === this.board) return;
    this.board = room.board;
    this.author = authorNumber(room.board, me);
    const last = this.last();
    this.next = Math.max(this.next, last + 1);
    for (const one of [...this.pending.values()]) {
      if (one.n <= last && (one.wasSent || this.find(one.n, one.surface))) this.settle(one);
    }
    if (this.open && this.open.n <= last) this.goOnAfter(this.open);
    for (const id of this.hidden) {
      if (!room.board.surfaces.some((surface) => surface.objects.some((held) => held.id === id)))
        this.hidden.delete(id);
    }
    this.onChange();
    void this.work();
  }

  /** The socket is gone: what is in flight may be lost. */
  onAway(): void {
    if (this.open) this.open.isTold = false;
    this.keep();
  }

  /** The socket is back and the room's state is the present one. */
  onBack(): void {
    const last = this.last();
    for (const one of [...this.pending.values()].sort((a, b) => a.n - b.n)) {
      if (one.n <= last && !one.wasSent) this.renumber(one);
      if (!this.queue.some((op) => op.kind === 'add' && op.n === one.n))
        this.queue.push({ kind: 'add', n: one.n });
    }
    // Additions first and in order: the server takes numbers only as they grow.
    const adds = this.queue.filter((op) => op.kind === 'add').sort((a, b) => a.n - b.n);
    this.queue = [...adds, ...this.queue.filter((op) => op.kind !== 'add')];
    if (this.open && this.open.n > last) this.flush();
    void this.work();
  }

  /** The server did not take object `n`. */
  onInkRefused(n: number, words: string): void {
    this.drop(n);
    if (this.open?.n === n) {
      this.stopTimer();
      this.open = null;
    }
    this.onRefused(words);
    this.onChange();
  }

  // --- inside

  private last(): number {
    return this.author >= 0 ? (this.board?.authors[this.author]?.last ?? 0) : 0;
  }

  /** Whether strokes may go out while drawn: not before older ones that wait. */
  private get mayStream(): boolean {
    return this.port.isLive() && !this.queue.some((op) => op.kind === 'add');
  }

  /** Send what was drawn since the last frame. */
  private flush(): void {
    this.stopTimer();
    const stroke = this.open;
    if (!stroke) return;
    const fresh = stroke.way.take();
    stroke.toldAtMs = this.port.nowMs();
    if (!stroke.isTold) {
      if (!this.mayStream) return;
      const points = stroke.points;
      const first = points.slice(0, MAX_FRAME_POINTS);
      stroke.isTold = this.port.frame(
        beginFrame(stroke.n, stroke.style, stroke.surface, encodePoints(first)),
      );
      if (!stroke.isTold) return;
      stroke.told = lastOf(first) ?? null;
      this.tellMore(stroke, points.slice(MAX_FRAME_POINTS));
    } else this.tellMore(stroke, fresh);
  }

  private tellMore(stroke: OpenStroke, points: readonly Point[]): void {
    for (let at = 0; at < points.length; at += MAX_FRAME_POINTS) {
      const piece = points.slice(at, at + MAX_FRAME_POINTS);
      stroke.isTold &&= this.port.frame(moreFrame(encodePoints(piece, stroke.told ?? ORIGIN)));
      stroke.told = lastOf(piece) ?? stroke.told;
    }
  }

  private finish(stroke: OpenStroke): void {
    const { n, style, surface } = stroke;
    const one: Pending = { n, style, surface, points: stroke.points, text: '', wasSent: stroke.isTold };
    this.pending.set(n, one);
    this.acts.add({ kind: 'added', surface, ids: [], ns: [n] });
    const isOut = stroke.isTold && this.port.frame(endFrame(''));
    if (!isOut) this.put({ kind: 'add', n });
  }

  /** The stroke is as long as an object may be: it goes on in another. */
  private goOn(): void {
    const stroke = this.open;
    if (!stroke) return;
    this.flush();
    this.finish(stroke);
    this.goOnFrom(stroke, stroke.way.points.length - 1);
  }

  /** The server finished the stroke that is still being drawn: go on where it ended. */
  private goOnAfter(stroke: OpenStroke): void {
    const held = this.find(stroke.n, stroke.surface);
    this.acts.add({ kind: 'added', surface: stroke.surface, ids: [], ns: [stroke.n] });
    const taken =
      held && !isShape(stroke.style.tool) ? decodePoints(held.points ?? '').length : stroke.points.length;
    this.goOnFrom(stroke, stroke.from + Math.max(0, taken - 1));
  }

  private goOnFrom(stroke: OpenStroke, from: number): void {
    stroke.from = from;
    stroke.n = this.next++;
    stroke.isTold = false;
    stroke.told = null;
    this.flush();
  }

  private settle(one: Pending): void {
    const held = this.find(one.n, one.surface);
    this.drop(one.n);
    if (this.hiddenNs.delete(one.n) && this.author >= 0) this.hidden.add(`${this.author}.${one.n}`);
    if (!held || isShape(one.style.tool) || one.text) return;
    const taken = decodePoints(held.points ?? '').length;
    if (taken >= one.points.length) return;
    const rest = { ...one, n: this.next++, points: one.points.slice(Math.max(0, taken - 1)), wasSent: false };
    this.pending.set(rest.n, rest);
    this.acts.add({ kind: 'added', surface: rest.surface, ids: [], ns: [rest.n] });
    this.put({ kind: 'add', n: rest.n });
  }

  private find(n: number, surface: string): InkObject | null {
    if (this.author < 0 || !this.board) return null;
    const id = `${this.author}.${n}`;
    return highest(surfaceNamed(this.board, surface), (held) => held.id === id);
  }

  private renumber(one: Pending): void {
    this.pending.delete(one.n);
    this.queue = this.queue.filter((op) => op.kind !== 'add' || op.n !== one.n);
    one.n = this.next++;
    this.pending.set(one.n, one);
  }

  private drop(n: number): void {
    this.pending.delete(n);
    this.queue = this.queue.filter((op) => op.kind !== 'add' || op.n !== n);
    this.keep();
  }

  private remove(surface: string, ids: readonly string[], ns: readonly number[]): void {
    for (const id of ids) this.hidden.add(id);
    for (const n of ns) {
      if (this.pending.has(n) || this.author < 0) this.hiddenNs.add(n);
      else this.hidden.add(`${this.author}.${n}`);
    }
    for (let at = 0; at < Math.max(1, ids.length); at += MAX_IDS)
      this.put({ kind: 'remove', surface, ids: ids.slice(at, at + MAX_IDS), ns: at === 0 ? ns : [] });
    this.onChange();
  }

  private restore(act: Act): void {
    for (const id of act.ids) this.hidden.delete(id);
    for (const n of act.ns) {
      this.hiddenNs.delete(n);
      this.hidden.delete(`${this.author}.${n}`);
    }
    for (let at = 0; at < Math.max(1, act.ids.length); at += MAX_IDS)
      this.put({ ...act, kind: 'restore', ids: act.ids.slice(at, at + MAX_IDS), ns: at === 0 ? act.ns : [] });
    this.onChange();
  }

  private put(op: Op): void {
    this.queue.push(op);
    this.keep();
    void this.work();
  }

  /** Ask for what waits, one after the other, while there is a socket. */
  private async work(): Promise<void> {
    if (this.busy) return;
    this.busy = true;
    try {
      for (let op = this.queue[0]; op && this.port.isLive(); op = this.queue[0]) {
        const request = this.requestFor(op);
        if (request === 'later') break;
        if (request && !(await this.asked(request, op))) break;
        this.queue = this.queue.filter((one) => one !== op);
      }
    } finally {
      this.busy = false;
    }
  }

  /** Return whether the request is dealt with; otherwise it waits for the socket. */
  private async asked(request: Request, op: Op): Promise<boolean> {
    try {
      await this.port.ask(request);
    } catch (error) {
      if (!(error instanceof LessonError)) throw error;
      if (LOST.has(error.code)) {
        this.port.set(() => void this.work(), RETRY_MS);
        return false;
      }
      if (op.kind === 'add') this.drop(op.n);
      else if (op.kind !== 'restore') this.hidden.clear();
      this.onRefused(error.message);
      this.onChange();
    }
    return true;
  }

  private requestFor(op: Op): Request | 'later' | null {
    if (op.kind === 'clear') return { type: 'clear_ink', surface: op.surface };
    if (op.kind === 'add') {
      const one = this.pending.get(op.n);
      if (!one) return null;
      one.wasSent = true;
      const { style, surface, n, text } = one;
      return { type: 'add_ink', n, surface, ...style, points: encodePoints(one.points), text };
    }
    if (op.ns.some((n) => this.pending.has(n)) || (op.ns.length > 0 && this.author < 0)) return 'later';
    const ids = [...op.ids, ...op.ns.map((n) => `${this.author}.${n}`)];
    return { type: op.kind === 'remove' ? 'remove_ink' : 'restore_ink', surface: op.surface, ids };
  }

  /** The last own object on a surface. It is asked for with every move of the pen, over up to 10,000 objects. */
  private ownTop(surface: string): Act | null {
    const { board, author, hidden, topOf } = this;
    if (!board || author < 0) return null;
    if (topOf?.board !== board || topOf.surface !== surface || topOf.hidden !== hidden.size) {
      const isMine = (held: InkObject): boolean => held.id.startsWith(`${author}.`) && !hidden.has(held.id);
      const own = highest(surfaceNamed(board, surface), isMine);
      const act: Act | null = own ? { kind: 'added', surface, ids: [own.id], ns: [] } : null;
      this.topOf = { board, surface, hidden: hidden.size, act };
    }
    return this.topOf?.act ?? null;
  }

  private stopTimer(): void {
    if (this.timer !== null) this.port.clear(this.timer);
    this.timer = null;
  }

  /** Keep what is not sent over a reload of the page. */
  private keep(): void {
    this.keepsake?.save([...this.pending.values()]);
  }

  private takeUp(kept: Kept): void {
    const one = { ...kept, points: decodePoints(kept.points) };
    this.pending.set(one.n, one);
    this.next = Math.max(this.next, one.n + 1);
  }
}
