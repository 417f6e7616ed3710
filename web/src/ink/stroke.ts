/** One object while it is made on this screen: a pen's way, or the two corners of a shape. */
import type { InkTool } from '@/generated/messages';
import type { Style } from './frames';
import { NO_PRESSURE, lastOf, type Point } from './points';
import { Trace, type Sample } from './trace';

const SHAPES: ReadonlySet<InkTool> = new Set(['line', 'arrow', 'rectangle', 'ellipse']);
export const isShape = (tool: InkTool): boolean => SHAPES.has(tool);

/** The two corners of a shape: the first contact, and where the pen is now. */
class Corners {
  readonly points: Point[] = [];
  private moved = false;

  add(sample: Sample): void {
    const point = { x: Math.round(sample.x), y: Math.round(sample.y), pressure: NO_PRESSURE };
    this.points[Math.min(this.points.length, 1)] = point;
    this.moved = true;
  }

  take(): Point[] {
    const told = this.moved ? this.points.slice(-1) : [];
    this.moved = false;
    return told;
  }

  get tip(): Point | null {
    return lastOf(this.points) ?? null;
  }
}

/** A finished object of this screen that is not in the room's board yet. */
export interface Pending {
  n: number;
  readonly style: Style;
  readonly surface: string;
  readonly points: readonly Point[];
  readonly text: string;
  /** Whether it may have reached the server. */
  wasSent: boolean;
}

/** A stroke that is being drawn here. */
export class OpenStroke {
  readonly way: Trace | Corners;
  /** Of the points, where this object begins: those before belong to one that the server has finished. */
  from = 0;
  /** Whether its beginning went out on the present socket. */
  isTold = false;
  told: Point | null = null;
  toldAtMs = -Infinity;

  constructor(
    public n: number,
    readonly style: Style,
    readonly surface: string,
  ) {
    this.way = isShape(style.tool) ? new Corners() : new Trace();
  }

  /** All of this object's points, to the pen's place. */
  get points(): Point[] {
    const { points, tip } = this.way;
    const last = lastOf(points);
    return tip && tip !== last ? [...points.slice(this.from), tip] : points.slice(this.from);
  }
}
