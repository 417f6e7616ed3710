/**
 * Is a dark blob a square seen from somewhere? Its outline is taken from the two ends of each of its rows: a marker's
 * frame is convex, so what lies inside (white bits, the calm middle of a broad frame) does not matter.
 */
import type { Blobs } from './blobs';

/** Pixels a side below which five bits cannot be told: under two a module. */
export const LEAST_SIDE = 13;
const MOST_STRETCH = 3.2; // a square turned away by 70° is about that much longer than wide
const LOOSE = 1.7; // pixels that the outline may leave the sides by: stairs of slanting sides, and noise
const LOOSE_SHARE = 0.045; // of a side, for large markers on paper that bends
const MOST_STRAY = 0.12; // of the outline's points; more is another shape, or something is before the card
const MOST_ROWS = 4096;

export class QuadFinder {
  /** x and y of the corners found last, clockwise as seen, beginning anywhere. */
  readonly corners = new Float64Array(8);
  private readonly from = new Int16Array(MOST_ROWS);
  private readonly to = new Int16Array(MOST_ROWS);
  private rows = 0;
  private top = 0;

  /** Find the corners of a blob; false when it is no square. */
  find(blobs: Blobs, blob: number, height: number): boolean {
    if (!this.spansEnough(blobs, blob, height)) return false;
    this.outline(blobs, blob);
    return this.farCorners() && this.isSquare() && this.fits();
  }

  /** Return the mean length of the sides, in pixels. */
  side(): number {
    let sum = 0;
    for (let i = 0; i < 4; i += 1) sum += this.length(i);
    return sum / 4;
  }

  private spansEnough(blobs: Blobs, blob: number, height: number): boolean {
    const wide = (blobs.right[blob] as number) - (blobs.left[blob] as number) + 1;
    const high = (blobs.bottom[blob] as number) - (blobs.row[blob] as number) + 1;
    if (wide < LEAST_SIDE || high < LEAST_SIDE || high > height * 0.95) return false;
    if (wide > high * MOST_STRETCH || high > wide * MOST_STRETCH) return false;
    return (blobs.area[blob] as number) > (wide + high) * 1.2; // a frame is a ring, not a line
  }

  private outline(blobs: Blobs, blob: number): void {
    this.top = blobs.row[blob] as number;
    this.rows = Math.min(MOST_ROWS, (blobs.bottom[blob] as number) - this.top + 1);
    this.from.fill(32767, 0, this.rows);
    this.to.fill(-1, 0, this.rows);
    for (let run = blob; run >= 0; run = blobs.next[run] as number) {
      const row = (blobs.row[run] as number) - this.top;
      if (row >= this.rows) break;
      if ((blobs.first[run] as number) < (this.from[row] as number))
        this.from[row] = blobs.first[run] as number;
      if ((blobs.last[run] as number) > (this.to[row] as number)) this.to[row] = blobs.last[run] as number;
    }
  }

  /** The point farthest from the middle is a corner, the one farthest from it the opposite, and so the other two. */
  private farCorners(): boolean {
    const c = this.corners;
    const middleX = ((this.from[this.rows >> 1] as number) + (this.to[this.rows >> 1] as number)) / 2;
    this.farthest(middleX, this.top + this.rows / 2, 0);
    this.farthest(c[0] as number, c[1] as number, 4);
    const alongX = (c[4] as number) - (c[0] as number);
    const alongY = (c[5] as number) - (c[1] as number);
    const diagonal = Math.hypot(alongX, alongY);
    let right = 0;
    let left = 0;
    for (let row = 0; row < this.rows; row += 1) {
      for (let end = 0; end < 2; end += 1) {
        const x = (end === 0 ? this.from[row] : this.to[row]) as number;
        const across = alongX * (row + this.top - (c[1] as number)) - alongY * (x - (c[0] as number));
        if (across < left) {
          left = across;
          this.put(2, x, row + this.top);
        } else if (across > right) {
          right = across;
          this.put(6, x, row + this.top);
        }
      }
    }
    // Neither half may be flat: a triangle has one.
    return right > diagonal * LEAST_SIDE * 0.3 && -left > diagonal * LEAST_SIDE * 0.3;
  }

  private farthest(x: number, y: number, slot: number): void {
    let most = -1;
    for (let row = 0; row < this.rows; row += 1) {
      const dy = row + this.top - y;
      for (let end = 0; end < 2; end += 1) {
        const at = (end === 0 ? this.from[row] : this.to[row]) as number;
        const far = (at - x) * (at - x) + dy * dy;
        if (far > most) {
          most = far;
          this.put(slot, at, row + this.top);
        }
      }
    }
  }

  private put(slot: number, x: number, y: number): void {
    this.corners[slot] = x;
    this.corners[slot + 1] = y;
  }

  private length(side: number): number {
    const c = this.corners;
    const to = ((side + 1) % 4) * 2;
    return Math.hypot(
      (c[to] as number) - (c[side * 2] as number),
      (c[to + 1] as number) - (c[side * 2 + 1] as number),
    );
  }

  private isSquare(): boolean {
    let least = Infinity;
    let most = 0;
    for (let i = 0; i < 4; i += 1) {
      const length = this.length(i);
      if (length < least) least = length;
      if (length > most) most = length;
    }
    return least >= LEAST_SIDE * 0.7 && most <= least * MOST_STRETCH;
  }

  private fits(): boolean {
    const loose = Math.max(LOOSE, this.side() * LOOSE_SHARE);
    let stray = Math.floor(this.rows * 2 * MOST_STRAY);
    for (let row = 0; row < this.rows; row += 1) {
      if (this.distance(this.from[row] as number, row + this.top) > loose) stray -= 1;
      if (this.distance(this.to[row] as number, row + this.top) > loose) stray -= 1;
      if (stray < 0) return false;
    }
    return true;
  }

  /** Return how far a point is from the nearest side's line. */
  private distance(x: number, y: number): number {
    const c = this.corners;
    let least = Infinity;
    for (let i = 0; i < 4; i += 1) {
      const to = ((i + 1) % 4) * 2;
      const px = c[i * 2] as number;
      const py = c[i * 2 + 1] as number;
      const dx = (c[to] as number) - px;
      const dy = (c[to + 1] as number) - py;
      const far = Math.abs(dx * (y - py) - dy * (x - px)) / Math.hypot(dx, dy);
      if (far < least) least = far;
    }
    return least;
  }
}
