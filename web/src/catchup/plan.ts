/** What of a missed stretch is known, what is wanted next, and where nothing will ever come. Pure: no clock, no DOM. */
import type { Cluster, Missed, MissedTrack, Role, Turn } from './missed';

/** Bytes to get and append: whole clusters of one part, in order. */
export interface Piece {
  role: Role;
  part: number;
  mime: string;
  headerBytes: number;
  shiftMs: number;
  start: number;
  end: number;
  /** Room time. */
  fromMs: number;
  toMs: number;
}

export const ROLES: readonly Role[] = ['voice', 'guest', 'screen', 'camera'];

const PIECE_MS = 4_000; // of media in one request: on the weakest link sound of this length takes about 4 s
const PIECE_BYTES = 256 * 1024; // half of what the server gives at once
const SETTLED_MS = 5_000; // clusters older than this are whole: a second long, and repaired for 3 s
const OVERLAP_MS = 2_000; // asked for again, for what became whole meanwhile
const SAME_SHIFT_MS = 100; // as on the server: a clock that moved by less is the same one
const EDGE_MS = 100; // the clusters of a track touch to within a frame
/** How many ms of media the voices are fetched ahead of the pictures, and the screen ahead of the camera. */
const AHEAD: Record<Role, number> = { voice: 8_000, guest: 7_000, screen: 2_000, camera: 0 };

interface Lane {
  waiting: Piece[];
  /** Given out by `next`, not yet appended. */
  coming: Set<Piece>;
  /** Everything that the server named, by room time; nothing is named twice. */
  known: { fromMs: number; toMs: number }[];
  named: Set<string>;
  shifts: Map<number, number>;
}

export class ReplayPlan {
  /** Up to here all that there is has been named. */
  settledMs: number;
  offer: Missed['offer'] = 'all';
  private readonly lanes = new Map<Role, Lane>();
  private turns: Turn[] = [];

  constructor(fromMs: number) {
    this.settledMs = fromMs;
    for (const role of ROLES)
      this.lanes.set(role, {
        waiting: [],
        coming: new Set(),
        known: [],
        named: new Set(),
        shifts: new Map(),
      });
  }

  /** From where the server should be asked next: for pictures that the link had no room for, again from `posMs` on. */
  askFromMs(posMs: number): number {
    const fromMs = this.offer === 'less' ? Math.min(this.settledMs, posMs) : this.settledMs;
    return fromMs - OVERLAP_MS;
  }

  /** Take in the server's answer. */
  take(missed: Missed): void {
    this.offer = missed.offer;
    const known = new Set(this.turns.map((turn) => `${turn.t_ms}/${turn.page}`));
    const fresh = missed.pages.filter((turn) => !known.has(`${turn.t_ms}/${turn.page}`));
    this.turns = [...this.turns, ...fresh].sort((a, b) => a.t_ms - b.t_ms);
    if (missed.offer === 'wait') return;
    for (const track of missed.tracks) for (const cluster of track.clusters) this.add(track, cluster);
    for (const lane of this.lanes.values()) {
      lane.waiting.sort((a, b) => a.fromMs - b.fromMs || a.start - b.start);
      lane.known.sort((a, b) => a.fromMs - b.fromMs);
    }
    this.settledMs = Math.max(this.settledMs, Math.min(missed.to_ms, missed.now_ms - SETTLED_MS));
  }

  /** The next piece to fetch, or null; `settle` or `putBack` it. `posMs`: where the replay is. */
  next(posMs: number, horizonMs: number): Piece | null {
    let best: Role | null = null;
    let bestMs = posMs + horizonMs;
    for (const role of ROLES) {
      const first = this.lane(role).waiting[0];
      if (first && first.fromMs - AHEAD[role] < bestMs) [best, bestMs] = [role, first.fromMs - AHEAD[role]];
    }
    const piece = best ? this.piece(this.lane(best)) : null;
    if (piece) this.lane(piece.role).coming.add(piece);
    return piece;
  }

  /** A piece was appended, or will never be. */
  settle(piece: Piece): void {
    this.lane(piece.role).coming.delete(piece);
  }

  /** Put a piece back that could not be fetched. */
  putBack(piece: Piece): void {
    this.settle(piece);
    this.lane(piece.role).waiting.unshift(piece);
  }

  /** Forget what waits before `posMs`: it would come too late. Pictures are kept from the keyframe on. */
  skipTo(posMs: number): void {
    for (const role of ['voice', 'guest'] as const) {
      const lane = this.lane(role);
      lane.waiting = lane.waiting.filter((piece) => piece.toMs > posMs);
    }
  }

  /** Whether there is something of `role` for this moment that has not come yet. */
  awaits(role: Role, posMs: number): boolean {
    const { waiting, coming } = this.lane(role);
    return [...waiting, ...coming].some((piece) => piece.fromMs <= posMs + EDGE_MS && posMs < piece.toMs);
  }

  /** When anything is next seen or heard at or after `posMs`; null when nothing is known. */
  nextContentMs(posMs: number): number | null {
    let next: number | null = null;
    for (const { known } of this.lanes.values()) {
      for (const span of known) {
        if (span.toMs > posMs) {
          const at = Math.max(posMs, span.fromMs);
          next = next === null ? at : Math.min(next, at);
        }
      }
    }
    return next;
  }

  /** The end of the last thing that is known. */
  get knownMs(): number {
    let end = 0;
    for (const { known } of this.lanes.values()) for (const span of known) end = Math.max(end, span.toMs);
    return end;
  }

  /** The page that was shown at this moment, or null. */
  pageAt(posMs: number): number | null {
    let page: number | null = null;
    for (const turn of this.turns) if (turn.t_ms <= posMs) page = turn.page;
    return page;
  }

  private lane(role: Role): Lane {
    const lane = this.lanes.get(role);
    if (!lane) throw new Error(role);
    return lane;
  }

  private add(track: MissedTrack, [ms, endMs, start, end]: Cluster): void {
    const lane = this.lane(track.role);
    const key = `${track.part}/${start}`;
    if (lane.named.has(key)) return;
    lane.named.add(key);
    const before = lane.shifts.get(track.part);
    const same = before !== undefined && Math.abs(before - track.shift_ms) <= SAME_SHIFT_MS;
    const shiftMs = same ? before : track.shift_ms;
    lane.shifts.set(track.part, shiftMs);
    const span = { fromMs: ms + shiftMs, toMs: endMs + shiftMs };
    lane.known.push(span);
    const { role, part, mime, header_bytes: headerBytes } = track;
    lane.waiting.push({ role, part, mime, headerBytes, shiftMs, start, end, ...span });
  }

  private piece(lane: Lane): Piece | null {
    const first = lane.waiting.shift();
    if (!first) return null;
    let piece = first;
    for (let next = lane.waiting[0]; next; next = lane.waiting[0]) {
      const follows = next.part === piece.part && next.shiftMs === piece.shiftMs && next.start === piece.end;
      if (!follows || next.toMs - piece.fromMs > PIECE_MS || next.end - piece.start > PIECE_BYTES) break;
      piece = { ...piece, end: next.end, toMs: next.toMs };
      lane.waiting.shift();
    }
    return piece;
  }
}
