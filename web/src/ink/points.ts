/** Points of ink as text: the twin of signaling/board_points.py, which explains it. */

/** A place of the pen in units (16,384 to a page's width), and how hard it is pressed: 0..7, or -1: not known. */
export interface Point {
  readonly x: number;
  readonly y: number;
  readonly pressure: number;
}

export const PRESSURES = 8;
export const NO_PRESSURE = -1;
export const ORIGIN: Point = { x: 0, y: 0, pressure: NO_PRESSURE };
export const LEAST = -16_384;
export const MOST = 4_194_303;
const DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';
const VALUE = new Map([...DIGITS].map((digit, value) => [digit, value]));
const MAX_DIGITS = 6;

/** Return the last of a list; `Array.at` is younger than a school's browser. */
export const lastOf = <T>(list: readonly T[]): T | undefined => list[list.length - 1];

/** Return `points` as text that continues after `before`. Pressure may not become unknown again. */
export function encodePoints(points: readonly Point[], before: Point = ORIGIN): string {
  let text = '';
  let last = before;
  for (const point of points) {
    const hasPressure = point.pressure !== last.pressure;
    text += digits(zigzag(point.x - last.x) * 2 + (hasPressure ? 1 : 0)) + digits(zigzag(point.y - last.y));
    if (hasPressure) text += digits(point.pressure);
    last = point;
  }
  return text;
}

/** Return the points in `text`, which continues after `before`.
 *
 * @throws RangeError it is no such text, or leaves the bounds.
 */
export function decodePoints(text: string, before: Point = ORIGIN): Point[] {
  const points: Point[] = [];
  let at = 0;
  const read = (): number => {
    let value = 0;
    for (let shift = 0; shift < MAX_DIGITS; shift++) {
      const digit = VALUE.get(text.charAt(at++));
      if (digit === undefined) throw new RangeError('not points');
      value += (digit & 31) * 32 ** shift;
      if (digit < 32) return value;
    }
    throw new RangeError('a number without an end');
  };
  let { x, y, pressure } = before;
  while (at < text.length) {
    const first = read();
    x += unzigzag(Math.floor(first / 2));
    y += unzigzag(read());
    if (first % 2 === 1) pressure = read();
    if (x < LEAST || x > MOST || y < LEAST || y > MOST || pressure >= PRESSURES)
      throw new RangeError('a point out of bounds');
    points.push({ x, y, pressure });
  }
  return points;
}

function digits(value: number): string {
  let text = '';
  let rest = value;
  while (rest > 31) {
    text += DIGITS.charAt(32 | (rest % 32));
    rest = Math.floor(rest / 32);
  }
  return text + DIGITS.charAt(rest);
}

const zigzag = (value: number): number => (value >= 0 ? value * 2 : -value * 2 - 1);
const unzigzag = (value: number): number => (value % 2 === 1 ? -(value + 1) / 2 : value / 2);
