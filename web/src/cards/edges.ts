/**
 * The sides of a square to a fraction of a pixel: along each side the step from ink to paper is looked for across it,
 * a line is laid through the steps, and the lines meet in the corners. A side of which too little is a clean step, or
 * whose steps do not lie on a line, has something before it: then the marker is not read.
 */
import { shadeAt, type Gray } from './picture';

const STEPS = 24; // places looked at a side, at most
const SPARE = 0.08; // of a side at either end, where the other side's blur is
const LEAST_SEEN = 0.8; // of these places must show a clean step
const FAINT = 0.6; // of the picture's contrast: the blob is known by now, and here its darker end may lie in the dusk
const LOOSE = 1.2; // pixels that a step may leave the side's line by
const BENT = 0.04; // of the side: paper bends
const STEP = 0.5; // pixels between the shades taken across

export class EdgeFitter {
  private readonly x = new Float64Array(STEPS);
  private readonly y = new Float64Array(STEPS);
  private readonly lines = new Float64Array(12); // a·x + b·y = c, (a, b) of length one
  private readonly shades = new Float64Array(32);
  private seen = 0;

  /** Move the corners (clockwise) to where the sides meet; false when a side cannot be seen well. */
  refine(gray: Gray, corners: Float64Array, contrast: number): boolean {
    for (let side = 0; side < 4; side += 1) if (!this.fitSide(gray, corners, side, contrast)) return false;
    return this.meet(corners);
  }

  private fitSide(gray: Gray, corners: Float64Array, side: number, contrast: number): boolean {
    const to = ((side + 1) % 4) * 2;
    const x0 = corners[side * 2] as number;
    const y0 = corners[side * 2 + 1] as number;
    const dx = (corners[to] as number) - x0;
    const dy = (corners[to + 1] as number) - y0;
    const length = Math.hypot(dx, dy);
    const outX = dy / length; // clockwise with y downwards: the outside is to the left
    const outY = -dx / length;
    const reach = Math.min(5, Math.max(1.5, length / 9));
    const count = Math.min(STEPS, Math.max(7, Math.round(length / 2)));
    this.seen = 0;
    for (let i = 0; i < count; i += 1) {
      const share = SPARE + ((1 - 2 * SPARE) * i) / (count - 1);
      const x = x0 + dx * share;
      const y = y0 + dy * share;
      const off = this.stepAt(gray, x, y, outX, outY, reach, contrast);
      if (Number.isNaN(off)) continue;
      this.x[this.seen] = x + outX * off;
      this.y[this.seen] = y + outY * off;
      this.seen += 1;
    }
    return this.seen >= count * LEAST_SEEN && this.layLine(side, length);
  }

  /** Return how far outside the step from dark to bright is, in pixels; NaN when there is none. */
  private stepAt(
    gray: Gray,
    x: number,
    y: number,
    outX: number,
    outY: number,
    reach: number,
    contrast: number,
  ): number {
    const { shades } = this;
    const half = Math.round(reach / STEP);
    const count = 2 * half + 1;
    let steepest = 0;
    let at = -1;
    for (let i = 0; i < count; i += 1) {
      const off = (i - half) * STEP;
      shades[i] = shadeAt(gray, x + outX * off, y + outY * off);
      if (i < 2) continue;
      const rise = (shades[i] as number) - (shades[i - 2] as number);
      if (rise > steepest) {
        steepest = rise;
        at = i - 1;
      }
    }
    if (at < 0) return NaN;
    // The middle between the darkest inside and the brightest outside of the steepest place.
    let low = shades[at] as number;
    let high = low;
    for (let i = at; i >= 0 && i >= at - 4; i -= 1)
      if ((shades[i] as number) < low) low = shades[i] as number;
    for (let i = at; i < count && i <= at + 4; i += 1)
      if ((shades[i] as number) > high) high = shades[i] as number;
    if (high - low < contrast * FAINT) return NaN;
    const middle = (low + high) / 2;
    let i = at;
    while (i > 0 && (shades[i] as number) > middle) i -= 1;
    while (i < count - 2 && (shades[i + 1] as number) < middle) i += 1;
    const below = shades[i] as number;
    const above = shades[i + 1] as number;
    if (above <= below) return NaN;
    return (i - half + (middle - below) / (above - below)) * STEP;
  }

  /** Total least squares, once more without what lies off the first line. */
  private layLine(side: number, length: number): boolean {
    const enough = this.seen * 0.85;
    this.solve(side);
    const a = this.lines[side * 3] as number;
    const b = this.lines[side * 3 + 1] as number;
    const c = this.lines[side * 3 + 2] as number;
    const loose = Math.max(LOOSE, length * BENT);
    let kept = 0;
    for (let i = 0; i < this.seen; i += 1) {
      const x = this.x[i] as number;
      const y = this.y[i] as number;
      if (Math.abs(a * x + b * y - c) > loose) continue;
      this.x[kept] = x;
      this.y[kept] = y;
      kept += 1;
    }
    if (kept < enough) return false;
    if (kept < this.seen) {
      this.seen = kept;
      this.solve(side);
    }
    return true;
  }

  private solve(side: number): void {
    let mx = 0;
    let my = 0;
    for (let i = 0; i < this.seen; i += 1) {
      mx += this.x[i] as number;
      my += this.y[i] as number;
    }
    mx /= this.seen;
    my /= this.seen;
    let xx = 0;
    let xy = 0;
    let yy = 0;
    for (let i = 0; i < this.seen; i += 1) {
      const x = (this.x[i] as number) - mx;
      const y = (this.y[i] as number) - my;
      xx += x * x;
      xy += x * y;
      yy += y * y;
    }
    const angle = 0.5 * Math.atan2(2 * xy, xx - yy);
    const a = -Math.sin(angle);
    const b = Math.cos(angle);
    this.lines[side * 3] = a;
    this.lines[side * 3 + 1] = b;
    this.lines[side * 3 + 2] = a * mx + b * my;
  }

  private meet(corners: Float64Array): boolean {
    const l = this.lines;
    for (let corner = 0; corner < 4; corner += 1) {
      const one = ((corner + 3) % 4) * 3;
      const two = corner * 3;
      const a = l[one] as number;
      const b = l[one + 1] as number;
      const d = l[two] as number;
      const e = l[two + 1] as number;
      const det = a * e - b * d;
      if (Math.abs(det) < 0.2) return false; // sides that meet under 12° are no square's
      corners[corner * 2] = ((l[one + 2] as number) * e - b * (l[two + 2] as number)) / det;
      corners[corner * 2 + 1] = (a * (l[two + 2] as number) - (l[one + 2] as number) * d) / det;
    }
    return true;
  }
}
