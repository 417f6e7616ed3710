/** The pen's way, thinned while it is drawn: points that lie on the line between their neighbours are left out, so that
 *  the line looks the same and costs a fraction. Pure. */
import { MOST, NO_PRESSURE, PRESSURES, lastOf, type Point } from './points';

/** A place of the pen as the browser tells it: in units, with the pressure of a pen (0..1), or null for a mouse. */
export interface Sample {
  readonly x: number;
  readonly y: number;
  readonly pressure: number | null;
  readonly tMs: number;
}

export const TOLERANCE = 5; // units: 0.6 px of a 1920 screen
const MAX_SKIPPED = 24; // samples that are looked at again for each new one
const NEAR = 2; // units: a pen that rests trembles by so much
/** A mouse has no pressure: a quick line is thinner, as a brush draws it. Units per ms. */
const QUICK = 12;
const CALM = 0.25; // how much of the way to a new speed a sample goes
const HYSTERESIS = 0.7; // of a level: pressure that wavers between two is one

export class Trace {
  private last: Point | null = null;
  private skipped: Point[] = [];
  private fresh: Point[] = [];
  private before: Sample | null = null;
  private force = 0.5;
  private level = NO_PRESSURE;

  /** All points kept so far, and the pen's place. */
  readonly points: Point[] = [];

  add(sample: Sample): void {
    const point = this.rounded(sample);
    if (!this.last) return this.emit(point);
    const tip = lastOf(this.skipped) ?? this.last;
    if (Math.abs(point.x - tip.x) < NEAR && Math.abs(point.y - tip.y) < NEAR) return;
    const { last } = this;
    const leaves = this.skipped.some((one) => distance(one, last, point) > TOLERANCE);
    if (this.skipped.length > 0 && (leaves || this.skipped.length >= MAX_SKIPPED)) this.emitTip();
    this.skipped.push(point);
  }

  /** Return the points to send: those kept since, and where the pen is now. */
  take(): Point[] {
    this.emitTip();
    const taken = this.fresh;
    this.fresh = [];
    return taken;
  }

  get tip(): Point | null {
    return lastOf(this.skipped) ?? this.last;
  }

  private emitTip(): void {
    const tip = lastOf(this.skipped);
    if (tip) this.emit(tip);
  }

  private emit(point: Point): void {
    this.skipped = [];
    this.last = point;
    this.fresh.push(point);
    this.points.push(point);
  }

  private rounded(sample: Sample): Point {
    const limit = (value: number): number => Math.min(MOST, Math.max(-16_000, Math.round(value)));
    return { x: limit(sample.x), y: limit(sample.y), pressure: this.pressureOf(sample) };
  }

  private pressureOf(sample: Sample): number {
    const { before } = this;
    this.before = sample;
    if (sample.pressure !== null) this.force = sample.pressure;
    else if (before) {
      const tookMs = Math.max(1, sample.tMs - before.tMs);
      const speed = Math.hypot(sample.x - before.x, sample.y - before.y) / tookMs;
      this.force += (0.75 - 0.5 * Math.min(1, speed / QUICK) - this.force) * CALM;
    }
    const exact = this.force * PRESSURES - 0.5;
    if (this.level === NO_PRESSURE || Math.abs(exact - this.level) > HYSTERESIS)
      this.level = Math.min(PRESSURES - 1, Math.max(0, Math.round(exact)));
    return this.level;
  }
}

/** Return how far `one` is from the line between `a` and `b`. */
function distance(one: Point, a: Point, b: Point): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : ((one.x - a.x) * dx + (one.y - a.y) * dy) / length;
  const at = Math.min(1, Math.max(0, along));
  return Math.hypot(one.x - a.x - at * dx, one.y - a.y - at * dy);
}
