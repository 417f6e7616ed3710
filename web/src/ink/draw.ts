/** How an object looks: its outline once, in units; drawn at any scale. */
import { getStroke } from 'perfect-freehand';
import type { InkObject } from '@/generated/messages';
import type { Style } from './frames';
import { HIGHLIGHTER_ALPHA, LINE_HEIGHT, colourOf, highlighterUnits, penUnits, textUnits } from './palette';
import { NO_PRESSURE, PRESSURES, decodePoints, type Point, lastOf } from './points';

/** The smallest box around something, in units. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

/** An object ready to be drawn. */
export interface Shape {
  readonly style: Style;
  readonly points: readonly Point[];
  readonly text: string;
  readonly box: Box;
  path: Path2D | null;
}

export const INK_FONT =
  "'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'Noto Sans SC', 'WenQuanYi Zen Hei', sans-serif";

const shapes = new WeakMap<InkObject, Shape>();

/** Return the shape of a finished object; it is made once. */
export function shapeOf(object: InkObject): Shape {
  let shape = shapes.get(object);
  if (!shape) {
    const style = { tool: object.tool ?? 'pen', colour: object.colour ?? 0, width: object.width ?? 1 };
    shape = makeShape(style, readPoints(object.points ?? ''), object.text ?? '');
    shapes.set(object, shape);
  }
  return shape;
}

export function makeShape(style: Style, points: readonly Point[], text = ''): Shape {
  return { style, points, text, box: boxOf(style, points, text), path: null };
}

function readPoints(text: string): Point[] {
  try {
    return decodePoints(text);
  } catch {
    return []; // cannot come from our server
  }
}

/** Draw `shape` on a context whose unit is the ink's unit. */
export function drawShape(context: CanvasRenderingContext2D, shape: Shape): void {
  const first = shape.points[0];
  if (!first) return;
  const { style } = shape;
  context.fillStyle = context.strokeStyle = colourOf(style.colour);
  switch (style.tool) {
    case 'text':
      return drawText(context, shape, first);
    case 'pen':
      shape.path ??= outline(shape.points, penUnits(style.width), 0.55);
      return context.fill(shape.path);
    case 'highlighter':
      shape.path ??= outline(shape.points, highlighterUnits(style.width), 0);
      context.globalAlpha = HIGHLIGHTER_ALPHA;
      context.fill(shape.path);
      context.globalAlpha = 1;
      return;
    default:
      shape.path ??= corners(shape.points, style);
      context.lineWidth = penUnits(style.width);
      context.lineJoin = context.lineCap = 'round';
      context.stroke(shape.path);
  }
}

/** Return whether the point is within `reach` units of the object's ink. */
export function touches(shape: Shape, x: number, y: number, reach: number): boolean {
  const { box } = shape;
  if (x < box.left - reach || x > box.right + reach || y < box.top - reach || y > box.bottom + reach)
    return false;
  if (shape.style.tool === 'text') return true;
  const way = shape.style.tool === 'rectangle' ? rectangleWay(shape.points) : shape.points;
  if (shape.style.tool === 'ellipse') return nearEllipse(shape.points, x, y, reach);
  const width =
    shape.style.tool === 'highlighter' ? highlighterUnits(shape.style.width) : penUnits(shape.style.width);
  return way.some((point, at) => nearSegment(way[at - 1] ?? point, point, x, y, reach + width / 2));
}

export function overlap(a: Box, b: Box): boolean {
  return a.left < b.right && a.right > b.left && a.top < b.bottom && a.bottom > b.top;
}

function outline(points: readonly Point[], size: number, thinning: number): Path2D {
  const input = points.map(
    ({ x, y, pressure }) =>
      [x, y, pressure === NO_PRESSURE ? 0.5 : (pressure + 0.5) / PRESSURES] as [number, number, number],
  );
  const edge = getStroke(input, {
    size,
    thinning,
    smoothing: 0.5,
    streamline: 0,
    simulatePressure: false,
    last: true,
  });
  const path = new Path2D();
  const start = edge[0];
  if (!start) return path;
  path.moveTo(start[0] ?? 0, start[1] ?? 0);
  edge.forEach(([x = 0, y = 0], at) => {
    const [nextX = 0, nextY = 0] = edge[(at + 1) % edge.length] ?? [];
    path.quadraticCurveTo(x, y, (x + nextX) / 2, (y + nextY) / 2);
  });
  path.closePath();
  return path;
}

function corners(points: readonly Point[], style: Style): Path2D {
  const path = new Path2D();
  const a = points[0];
  const b = lastOf(points);
  if (!a || !b) return path;
  switch (style.tool) {
    case 'rectangle':
      path.rect(Math.min(a.x, b.x), Math.min(a.y, b.y), Math.abs(b.x - a.x), Math.abs(b.y - a.y));
      break;
    case 'ellipse':
      path.ellipse(
        (a.x + b.x) / 2,
        (a.y + b.y) / 2,
        Math.abs(b.x - a.x) / 2,
        Math.abs(b.y - a.y) / 2,
        0,
        0,
        2 * Math.PI,
      );
      break;
    default:
      path.moveTo(a.x, a.y);
      path.lineTo(b.x, b.y);
      if (style.tool === 'arrow') addHead(path, a, b, 5 * penUnits(style.width));
  }
  return path;
}

function addHead(path: Path2D, a: Point, b: Point, length: number): void {
  const angle = Math.atan2(b.y - a.y, b.x - a.x);
  for (const turn of [-0.5, 0.5]) {
    path.moveTo(b.x, b.y);
    path.lineTo(b.x - length * Math.cos(angle + turn), b.y - length * Math.sin(angle + turn));
  }
}

function drawText(context: CanvasRenderingContext2D, shape: Shape, at: Point): void {
  const size = textUnits(shape.style.width);
  context.font = `${size}px ${INK_FONT}`;
  context.textBaseline = 'top';
  shape.text.split('\n').forEach((line, n) => context.fillText(line, at.x, at.y + n * size * LINE_HEIGHT));
}

function boxOf(style: Style, points: readonly Point[], text: string): Box {
  const first = points[0];
  if (!first) return { left: 0, top: 0, right: 0, bottom: 0 };
  if (style.tool === 'text') {
    const size = textUnits(style.width);
    const lines = text.split('\n');
    const longest = Math.max(...lines.map((line) => [...line].length));
    return {
      left: first.x,
      top: first.y - size * 0.2,
      right: first.x + longest * size * 1.05,
      bottom: first.y + lines.length * size * LINE_HEIGHT,
    };
  }
  const width = style.tool === 'highlighter' ? highlighterUnits(style.width) : penUnits(style.width);
  const edge = style.tool === 'arrow' ? 5 * width : width;
  let { x: left, x: right, y: top, y: bottom } = first;
  for (const { x, y } of points) {
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
  }
  return { left: left - edge, top: top - edge, right: right + edge, bottom: bottom + edge };
}

function rectangleWay(points: readonly Point[]): readonly Point[] {
  const a = points[0];
  const b = lastOf(points);
  return a && b ? [a, { ...a, x: b.x }, b, { ...a, y: b.y }, a] : points;
}

function nearEllipse(points: readonly Point[], x: number, y: number, reach: number): boolean {
  const a = points[0];
  const b = lastOf(points);
  if (!a || !b) return false;
  const rx = Math.max(1, Math.abs(b.x - a.x) / 2);
  const ry = Math.max(1, Math.abs(b.y - a.y) / 2);
  const away = Math.hypot((x - (a.x + b.x) / 2) / rx, (y - (a.y + b.y) / 2) / ry);
  return Math.abs(away - 1) * Math.min(rx, ry) < reach + 40;
}

function nearSegment(a: Point, b: Point, x: number, y: number, reach: number): boolean {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : Math.min(1, Math.max(0, ((x - a.x) * dx + (y - a.y) * dy) / length));
  return Math.hypot(x - a.x - along * dx, y - a.y - along * dy) <= reach;
}
