/** A picture in shades of grey, and its local black-and-white thresholds. Buffers are made once per picture size. */

/** Shades of grey, row by row; 0 is black. */
export interface Gray {
  readonly width: number;
  readonly height: number;
  readonly pixels: Uint8Array;
}

/** Turn RGBA into luma (ITU-R BT.601 weights in 256ths) in `out`, which holds width × height. */
export function toGray(rgba: Uint8ClampedArray, out: Uint8Array): void {
  const words = new Uint32Array(rgba.buffer, rgba.byteOffset, out.length); // little-endian on all that run browsers
  for (let i = 0; i < out.length; i += 1) {
    const word = words[i] as number;
    out[i] = ((word & 255) * 77 + ((word >>> 8) & 255) * 150 + ((word >>> 16) & 255) * 29) >>> 8;
  }
}

/** Return the shade at a place between pixels, whose centres have whole coordinates; the rim is repeated outwards. */
export function shadeAt(gray: Gray, x: number, y: number): number {
  const { width, height, pixels } = gray;
  const cx = x < 0 ? 0 : x > width - 1.001 ? width - 1.001 : x;
  const cy = y < 0 ? 0 : y > height - 1.001 ? height - 1.001 : y;
  const left = cx | 0;
  const top = cy | 0;
  const at = top * width + left;
  const fx = cx - left;
  const upper = (pixels[at] as number) * (1 - fx) + (pixels[at + 1] as number) * fx;
  const lower = (pixels[at + width] as number) * (1 - fx) + (pixels[at + width + 1] as number) * fx;
  return upper + (lower - upper) * (cy - top);
}

/** Pixels a side of a tile: three tiles span the frame and the white round it of the smallest marker that is read. */
export const TILE = 4;
const LEAST_CONTRAST = 18; // shades between ink and paper in a dark room's picture; less is noise or a plain wall
const MOST_CONTRAST = 44; // in the noisiest pictures: ink and paper are farther apart wherever a bit can be told
const NOISE_TO_CONTRAST = 2.2; // a flat 12 × 12 patch ranges about that much wider than a flat 4 × 4 tile's median

/**
 * One threshold a tile: between the darkest and the brightest pixel among its 3 × 3 neighbours, or 0 (nothing is
 * black) where these are too near each other. So light may change across the room, and the inside of large areas, in
 * which only noise is to be seen, costs nothing.
 */
export class Thresholds {
  readonly columns: number;
  readonly rows: number;
  readonly values: Uint8Array;
  private readonly lowest: Uint8Array;
  private readonly highest: Uint8Array;
  private readonly low3: Uint8Array;
  private readonly high3: Uint8Array;
  private readonly ranges = new Uint32Array(256);
  /** Shades that ink and paper must differ by in the picture read last. */
  contrast = LEAST_CONTRAST;

  constructor(
    readonly width: number,
    readonly height: number,
  ) {
    this.columns = Math.floor(width / TILE);
    this.rows = Math.floor(height / TILE);
    const tiles = this.columns * this.rows;
    this.values = new Uint8Array(tiles);
    this.lowest = new Uint8Array(tiles);
    this.highest = new Uint8Array(tiles);
    this.low3 = new Uint8Array(tiles);
    this.high3 = new Uint8Array(tiles);
  }

  /** Look at a picture; `set` follows. */
  look(gray: Gray): void {
    this.measure(gray.pixels);
    this.contrast = this.neededContrast();
    this.widen();
  }

  /** Set the thresholds at this share of the way from the darkest to the brightest pixel nearby. */
  set(share: number): void {
    const { columns, rows, values, low3, high3, contrast } = this;
    for (let row = 0; row < rows; row += 1) {
      const up = (row > 0 ? row - 1 : row) * columns;
      const here = row * columns;
      const down = (row < rows - 1 ? row + 1 : row) * columns;
      for (let column = 0; column < columns; column += 1) {
        let low = low3[here + column] as number;
        let high = high3[here + column] as number;
        const lowUp = low3[up + column] as number;
        const lowDown = low3[down + column] as number;
        const highUp = high3[up + column] as number;
        const highDown = high3[down + column] as number;
        if (lowUp < low) low = lowUp;
        if (lowDown < low) low = lowDown;
        if (highUp > high) high = highUp;
        if (highDown > high) high = highDown;
        values[here + column] = high - low < contrast ? 0 : Math.ceil(low + (high - low) * share);
      }
    }
  }

  private measure(pixels: Uint8Array): void {
    const { columns, rows, width, lowest, highest, ranges } = this;
    ranges.fill(0);
    for (let row = 0; row < rows; row += 1) {
      for (let column = 0; column < columns; column += 1) {
        let low = 255;
        let high = 0;
        let at = row * TILE * width + column * TILE;
        for (let line = 0; line < TILE; line += 1) {
          for (let end = at + TILE; at < end; at += 1) {
            const shade = pixels[at] as number;
            if (shade < low) low = shade;
            if (shade > high) high = shade;
          }
          at += width - TILE;
        }
        lowest[row * columns + column] = low;
        highest[row * columns + column] = high;
        ranges[high - low] = (ranges[high - low] as number) + 1;
      }
    }
  }

  /** The calmer third of the tiles shows walls and desks: what they range over is noise. */
  private neededContrast(): number {
    const third = (this.columns * this.rows) / 3;
    let seen = 0;
    let noise = 0;
    while (noise < 255 && seen < third) {
      seen += this.ranges[noise] as number;
      noise += 1;
    }
    return Math.min(MOST_CONTRAST, Math.max(LEAST_CONTRAST, Math.round(noise * NOISE_TO_CONTRAST)));
  }

  private widen(): void {
    const { columns, rows, lowest, highest, low3, high3 } = this;
    for (let row = 0; row < rows; row += 1) {
      const first = row * columns;
      const last = first + columns - 1;
      for (let at = first; at <= last; at += 1) {
        const left = at > first ? at - 1 : at;
        const right = at < last ? at + 1 : at;
        let low = lowest[at] as number;
        let high = highest[at] as number;
        if ((lowest[left] as number) < low) low = lowest[left] as number;
        if ((lowest[right] as number) < low) low = lowest[right] as number;
        if ((highest[left] as number) > high) high = highest[left] as number;
        if ((highest[right] as number) > high) high = highest[right] as number;
        low3[at] = low;
        high3[at] = high;
      }
    }
  }
}
