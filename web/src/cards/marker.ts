/**
 * The bits inside four corners. The shades of ink and paper are taken from the marker itself, from its frame and from
 * the white round it, and may slope: one half of a card may lie in the sun. A bit that is neither ink nor paper makes
 * the word doubtful, and a doubtful word is no word: a wrong answer is worse than one that is asked for again.
 */
import { BITS, nearest, SIDE, WORDS, bitCount } from './codes';
import { shadeAt, type Gray } from './picture';

const GRID = SIDE + 2; // with one ring of white round the frame
const LEAST_WHITE = 0.7; // of the ring: thumbs hold the card there
const SHADED = 0.22; // of the ring may be thumbs; what is brighter is taken for paper in the shadow
const FAINT = 0.7; // of the picture's contrast: what ink and paper must differ by here
const MOST_FRAME_WRONG = 1;
/** Wrong bits that are mended. Words are eight apart, so six or more must go wrong together before one is another. */
const MOST_MENDED = 2;
const DOUBTFUL = 0.22; // a bit nearer to the middle between ink and paper than this says nothing
const MOST_DOUBTFUL = 4;
const CLEAR = 0.6; // a wrong bit as clear as this is something before the card, not blur
/** Below this many pixels a module a lone bit takes on its neighbours' shade, which is taken off again. */
const BLURRED_BELOW = 7;
const MOST_SHARPENED = 0.55;

/** Return how many modules a place is from the outside: 0 the white ring, 1 the frame. */
function edgeOf(row: number, column: number): number {
  return Math.min(row, column, GRID - 1 - row, GRID - 1 - column);
}

export class MarkerReader {
  /** 4 × card + turn, relative to the corners' beginning. */
  index = -1;
  /** Whether frame and ring are a marker's, whatever its bits say. */
  isMarker = false;
  private readonly map = new Float64Array(8);
  private readonly shades = new Float64Array(GRID * GRID);
  private readonly raw = new Float64Array(GRID * GRID);
  private readonly frame = new Float64Array(4 * (SIDE - 1));
  private readonly ring = new Float64Array(4 * (GRID - 1));
  private readonly plane = new Float64Array(3);
  private readonly sums = new Float64Array(9);

  /** Read what lies inside the corners (clockwise); true when it is a word without doubt. */
  read(gray: Gray, corners: Float64Array, contrast: number): boolean {
    this.index = -1;
    this.isMarker = false;
    if (!this.lay(corners)) return false;
    const module =
      Math.hypot(
        (corners[4] as number) - (corners[0] as number),
        (corners[5] as number) - (corners[1] as number),
      ) /
      (SIDE * Math.SQRT2);
    this.sample(gray, module);
    this.raw.set(this.shades);
    if (!this.slopingLevels(contrast) || !this.hasFrame()) {
      this.shades.set(this.raw);
      if (!this.flatLevels(contrast) || !this.hasFrame()) return false;
    }
    this.isMarker = true;
    this.sharpen(module);
    return this.decode();
  }

  /** The map of the unit square onto the corners (Heckbert 1989, §2.2.3). */
  private lay(c: Float64Array): boolean {
    const [x0, y0, x1, y1, x2, y2, x3, y3] = c as unknown as number[] as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const dx1 = x1 - x2;
    const dx2 = x3 - x2;
    const dy1 = y1 - y2;
    const dy2 = y3 - y2;
    const sx = x0 - x1 + x2 - x3;
    const sy = y0 - y1 + y2 - y3;
    const det = dx1 * dy2 - dx2 * dy1;
    if (Math.abs(det) < 1) return false;
    const g = (sx * dy2 - dx2 * sy) / det;
    const h = (dx1 * sy - sx * dy1) / det;
    const m = this.map;
    m[0] = x1 - x0 + g * x1;
    m[1] = x3 - x0 + h * x3;
    m[2] = x0;
    m[3] = y1 - y0 + g * y1;
    m[4] = y3 - y0 + h * y3;
    m[5] = y0;
    m[6] = g;
    m[7] = h;
    return true;
  }

  private shadeOf(gray: Gray, u: number, v: number): number {
    const m = this.map;
    const w = 1 / ((m[6] as number) * u + (m[7] as number) * v + 1);
    const x = ((m[0] as number) * u + (m[1] as number) * v + (m[2] as number)) * w;
    const y = ((m[3] as number) * u + (m[4] as number) * v + (m[5] as number)) * w;
    return shadeAt(gray, x, y);
  }

  /** The mean of a small cross of shades in the middle of each module; of a larger square where there is room. */
  private sample(gray: Gray, module: number): void {
    const reach = module < 4 ? 0.14 : 0.24;
    const step = module < 9 ? reach : reach / 2;
    for (let row = 0; row < GRID; row += 1)
      for (let column = 0; column < GRID; column += 1) {
        let sum = 0;
        let count = 0;
        for (let dv = -reach; dv <= reach + 1e-9; dv += step)
          for (let du = -reach; du <= reach + 1e-9; du += step) {
            sum += this.shadeOf(gray, (column - 0.5 + du) / SIDE, (row - 0.5 + dv) / SIDE);
            count += 1;
          }
        this.shades[row * GRID + column] = sum / count;
      }
  }

  /** Turn shades into 0 for ink and 1 for paper, both on a slope; false when these cannot be told. */
  private slopingLevels(contrast: number): boolean {
    const { shades, plane } = this;
    if (!this.fitPlane(1, -Infinity)) return false;
    const ink0 = plane[0] as number;
    const inkX = plane[1] as number;
    const inkY = plane[2] as number;
    if (!this.fitPlane(0, -Infinity)) return false;
    // Once more without what is darker than halfway: a thumb, a dark wall where the card ends early.
    if (!this.fitPlane(0, ((plane[0] as number) + ink0) / 2)) return false;
    const half = (GRID - 1) / 2;
    for (let row = 0; row < GRID; row += 1)
      for (let column = 0; column < GRID; column += 1) {
        const x = column - half;
        const y = row - half;
        const ink = ink0 + inkX * x + inkY * y;
        const paper = (plane[0] as number) + (plane[1] as number) * x + (plane[2] as number) * y;
        if (paper - ink < contrast * FAINT) return false;
        const at = row * GRID + column;
        shades[at] = ((shades[at] as number) - ink) / (paper - ink);
      }
    return true;
  }

  /**
   * The same where a shadow's edge crosses the card: paper is what paper in the shadow is, which is still far from ink.
   */
  private flatLevels(contrast: number): boolean {
    const { shades, frame, ring } = this;
    let inFrame = 0;
    let inRing = 0;
    for (let row = 0; row < GRID; row += 1)
      for (let column = 0; column < GRID; column += 1) {
        const edge = edgeOf(row, column);
        if (edge === 0) ring[inRing++] = shades[row * GRID + column] as number;
        else if (edge === 1) frame[inFrame++] = shades[row * GRID + column] as number;
      }
    const ink = frame.sort()[Math.floor(frame.length * 0.7)] as number;
    const paper = ring.sort()[Math.floor(ring.length * SHADED)] as number;
    if (paper - ink < contrast * FAINT) return false;
    for (let at = 0; at < shades.length; at += 1)
      shades[at] = Math.min(1.2, ((shades[at] as number) - ink) / (paper - ink));
    return true;
  }

  /** Lay a plane through the shades of a ring (0 the white, 1 the frame) that are above `floor`. */
  private fitPlane(ring: number, floor: number): boolean {
    const s = this.sums.fill(0);
    const half = (GRID - 1) / 2;
    const end = GRID - 1 - ring;
    for (let row = ring; row <= end; row += 1)
      for (let column = ring; column <= end; column += row === ring || row === end ? 1 : end - ring) {
        const shade = this.shades[row * GRID + column] as number;
        if (shade < floor) continue;
        const x = column - half;
        const y = row - half;
        const terms = [1, x, y, x * x, x * y, y * y, shade, x * shade, y * shade];
        for (let i = 0; i < 9; i += 1) s[i] = (s[i] as number) + (terms[i] as number);
      }
    return this.solvePlane();
  }

  /** Cramer's rule on the normal equations. */
  private solvePlane(): boolean {
    const [n, x, y, xx, xy, yy, v, xv, yv] = this.sums as unknown as number[] as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    const det = n * (xx * yy - xy * xy) - x * (x * yy - xy * y) + y * (x * xy - xx * y);
    if (n < 8 || Math.abs(det) < 1) return false;
    this.plane[0] = (v * (xx * yy - xy * xy) - x * (xv * yy - xy * yv) + y * (xv * xy - xx * yv)) / det;
    this.plane[1] = (n * (xv * yy - yv * xy) - v * (x * yy - xy * y) + y * (x * yv - xv * y)) / det;
    this.plane[2] = (n * (xx * yv - xy * xv) - x * (x * yv - xv * y) + v * (x * xy - xx * y)) / det;
    return true;
  }

  private hasFrame(): boolean {
    let frameWrong = 0;
    let white = 0;
    let ring = 0;
    for (let row = 0; row < GRID; row += 1)
      for (let column = 0; column < GRID; column += 1) {
        const edge = edgeOf(row, column);
        const shade = this.shades[row * GRID + column] as number;
        if (edge === 0) {
          ring += 1;
          if (shade > 0.5) white += 1;
        } else if (edge === 1 && shade > 0.42) frameWrong += 1;
      }
    return frameWrong <= MOST_FRAME_WRONG && white >= ring * LEAST_WHITE;
  }

  /** Take off what blur brought over from the four neighbours. In place is exact enough: the gain is small. */
  private sharpen(module: number): void {
    const gain = Math.min(MOST_SHARPENED, Math.max(0, (BLURRED_BELOW - module) / BLURRED_BELOW));
    if (gain === 0) return;
    const s = this.shades;
    for (let row = 2; row < GRID - 2; row += 1)
      for (let column = 2; column < GRID - 2; column += 1) {
        const at = row * GRID + column;
        const around =
          ((s[at - 1] as number) +
            (s[at + 1] as number) +
            (s[at - GRID] as number) +
            (s[at + GRID] as number)) /
          4;
        s[at] = (s[at] as number) + gain * ((s[at] as number) - around);
      }
  }

  private decode(): boolean {
    let word = 0;
    let doubtful = 0;
    for (let row = 2; row < BITS + 2; row += 1)
      for (let column = 2; column < BITS + 2; column += 1) {
        const shade = this.shades[row * GRID + column] as number;
        word = (word << 1) | (shade > 0.5 ? 1 : 0);
        if (Math.abs(shade - 0.5) < DOUBTFUL / 2) doubtful += 1;
      }
    word >>>= 0;
    if (doubtful > MOST_DOUBTFUL) return false;
    const index = nearest(word, MOST_MENDED);
    if (index < 0 || this.hasClearFault((word ^ (WORDS[index] as number)) >>> 0)) return false;
    this.index = index;
    return true;
  }

  private hasClearFault(wrong: number): boolean {
    if (bitCount(wrong) === 0) return false;
    for (let place = 0; place < BITS * BITS; place += 1) {
      if (((wrong >>> (BITS * BITS - 1 - place)) & 1) === 0) continue;
      const row = 2 + Math.floor(place / BITS);
      const shade = this.shades[row * GRID + 2 + (place % BITS)] as number;
      if (Math.abs(shade - 0.5) * 2 > CLEAR) return true;
    }
    return false;
  }
}
