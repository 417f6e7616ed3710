/** What others are drawing just now, and where they point: told by frames, replaced by events. Pure. */
import { readFrame, type Style } from './frames';
import { ORIGIN, decodePoints, lastOf, type Point } from './points';

export interface LiveStroke {
  readonly id: string;
  readonly style: Style;
  readonly surface: string;
  readonly points: Point[];
}

export interface LivePointer {
  readonly at: Point;
  /** When it was last told, in ms of the caller. */
  readonly atMs: number;
}

export const POINTER_FADES_MS = 1_500;

export class LiveInk {
  readonly strokes = new Map<number, LiveStroke>();
  readonly pointers = new Map<number, LivePointer>();

  /** Take in a frame, while `current` is the surface that is shown. Returns whether something changed. */
  onFrame(text: string, current: string, nowMs: number): boolean {
    const frame = readFrame(text);
    if (!frame) return false;
    try {
      switch (frame.kind) {
        case 'begin':
          this.strokes.set(frame.author, {
            id: `${frame.author}.${frame.n}`,
            style: frame.style,
            surface: frame.surface || current,
            points: decodePoints(frame.points),
          });
          return true;
        case 'more': {
          const stroke = this.strokes.get(frame.author);
          stroke?.points.push(...decodePoints(frame.points, lastOf(stroke.points) ?? ORIGIN));
          return stroke !== undefined;
        }
        case 'cancel':
          return this.strokes.delete(frame.author);
        case 'pointer': {
          const at = lastOf(decodePoints(frame.points));
          if (at) this.pointers.set(frame.author, { at, atMs: nowMs });
          else this.pointers.delete(frame.author);
          return true;
        }
      }
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      return false; // a newer server's; the finished object comes as an event
    }
  }

  /** An object is finished: what was drawn of it so far is it. */
  onAdded(id: string): void {
    const author = Number(id.split('.')[0]);
    if (this.strokes.get(author)?.id === id) this.strokes.delete(author);
  }

  /** The socket is new: what is drawn now will be told from its beginning. */
  clear(): void {
    this.strokes.clear();
    this.pointers.clear();
  }
}
