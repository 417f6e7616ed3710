/** The board: what is written on pages and blank boards. The twin of signaling/board.py; both run the vectors of
 *  tests/vectors/room. A copy may know a surface only up to a height (`known`); the rest is asked for piece by piece. */
import type {
  AuthorKnown,
  Board,
  BoardMoved,
  BoardPart,
  BoardShown,
  InkAdded,
  InkAuthor,
  InkCleared,
  InkObject,
  InkRemoved,
  InkRestored,
  PeerId,
  Snapshot,
  Surface,
  WritersChanged,
} from '@/generated/messages';

export type BoardEvent =
  InkAdded | InkRemoved | InkRestored | InkCleared | AuthorKnown | WritersChanged | BoardShown | BoardMoved;

export const NO_BOARD: Board = { shown: '', boards: 0, authors: [], writers: [], surfaces: [] };
const NOTHING: readonly InkObject[] = [];

/** Return the key of the surface that is shown; empty: there is none. */
export function currentSurface(room: Pick<Snapshot, 'board' | 'deck' | 'page'>): string {
  if (room.board.shown) return room.board.shown;
  return room.deck ? pageKey(room.deck.id, room.page) : '';
}

export const pageKey = (deck: string, page: number): string => `page:${deck}:${page}`;
export const boardKey = (number: number): string => `board:${number}`;

/** Return a surface; one on which nothing was written is empty. */
export function surfaceNamed(board: Board, key: string): Surface {
  return board.surfaces.find((one) => one.key === key) ?? emptySurface(key);
}

const emptySurface = (key: string): Surface => ({ key, top: 0, x: 0, y: 0, objects: NOTHING, known: null });

/** Return the number of `peer` as an author, or -1. */
export function authorNumber(board: Board, peer: PeerId): number {
  return board.authors.findIndex((one) => one.peer === peer);
}

/** Split an object's id into its author's number and the author's count. */
export function readId(id: string): { author: number; n: number } {
  const [author, n] = id.split('.');
  return { author: Number(author), n: Number(n) };
}

/** Return the highest object that fits, or null. */
export function highest(surface: Surface, fits: (held: InkObject) => boolean): InkObject | null {
  for (let at = surface.objects.length - 1; at >= 0; at--) {
    const held = surface.objects[at];
    if (held && fits(held)) return held;
  }
  return null;
}

/** Return the board after an event, while `current` is the surface that is shown. */
export function stepBoard(board: Board, body: BoardEvent, current: string): Board {
  switch (body.kind) {
    case 'author_known':
      return { ...board, authors: [...board.authors, { peer: body.peer, last: 0 }] };
    case 'writers_changed':
      return { ...board, writers: body.classrooms };
    case 'board_shown': {
      const number = body.surface ? Number(body.surface.split(':')[1]) : 0;
      return { ...board, shown: body.surface, boards: Math.max(board.boards, number) };
    }
    case 'board_moved':
      return change(board, body.surface, (one) => ({ ...one, x: body.x, y: body.y }));
    case 'ink_added': {
      const noted = { ...board, authors: noteObject(board.authors, body.object.id) };
      return change(noted, body.surface || current, (one) => add(one, body.object));
    }
    case 'ink_removed': {
      const gone = new Set(body.ids);
      return change(board, body.surface || current, (one) => keep(one, (held) => !gone.has(held.id)));
    }
    case 'ink_restored':
      return change(board, body.surface || current, (one) => restore(one, body.objects));
    case 'ink_cleared':
      return change(board, body.surface || current, (one) => ({ ...one, objects: NOTHING }));
  }
}

/** Return the board when the lesson's page is shown instead. */
export function leaveBoard(board: Board): Board {
  return board.shown ? { ...board, shown: '' } : board;
}

/** Return the board with a piece that was asked for; one that does not fit on changes nothing. */
export function addPart(board: Board, part: BoardPart): Board {
  const one = surfaceNamed(board, part.surface);
  if (one.known === null || one.known !== part.after) return board;
  const whole = { ...one, objects: [...one.objects, ...part.objects], known: part.known };
  return change(board, part.surface, () => whole);
}

function change(board: Board, key: string, to: (one: Surface) => Surface): Board {
  if (!board.surfaces.some((one) => one.key === key))
    return { ...board, surfaces: [...board.surfaces, to(emptySurface(key))] };
  return { ...board, surfaces: board.surfaces.map((one) => (one.key === key ? to(one) : one)) };
}

function noteObject(authors: readonly InkAuthor[], id: string): readonly InkAuthor[] {
  const { author, n } = readId(id);
  return authors.map((one, place) => (place === author ? { ...one, last: Math.max(one.last, n) } : one));
}

function add(one: Surface, added: InkObject): Surface {
  const top = one.top + 1;
  if (one.known !== null) return { ...one, top };
  return { ...one, top, objects: [...one.objects, { ...added, z: top }] };
}

function keep(one: Surface, isKept: (held: InkObject) => boolean): Surface {
  return { ...one, objects: one.objects.filter(isKept) };
}

function restore(one: Surface, objects: readonly InkObject[]): Surface {
  const here = new Set(one.objects.map((held) => held.id));
  const known = one.known;
  const back = objects.filter((held) => !here.has(held.id) && (known === null || (held.z ?? 0) <= known));
  return { ...one, objects: [...one.objects, ...back].sort((a, b) => (a.z ?? 0) - (b.z ?? 0)) };
}
