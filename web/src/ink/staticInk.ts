/** Finished ink as pictures: a surface in tiles that are painted once and kept.
 *
 *  A new object is painted onto the tiles it lies on; one that goes makes its tiles due again. So ten thousand objects
 *  cost when a tile is first shown, in slices that leave the pen its time, and moving or turning back costs nothing. */
import type { InkObject } from '@/generated/messages';
import { drawShape, overlap, shapeOf, type Box } from './draw';
import { lastOf } from './points';

export const TILE_UNITS = 2_048; // an eighth of a page's width: 240 px of a 1920 screen
const MAX_TILES = 200; // painted ones, over all surfaces: 45 MB, five screens full

interface Tile {
  readonly canvas: HTMLCanvasElement;
  /** How many of the cell's objects are painted; all: it is ready. */
  painted: number;
  usedAt: number;
}

/** What stands in one tile of a surface, in order. */
interface Cell {
  objects: InkObject[];
  tile: Tile | null;
}

interface Held {
  objects: readonly InkObject[];
  readonly cells: Map<string, Cell>;
}

/** Which part of a surface is shown, how large. */
export interface View {
  readonly x: number;
  readonly y: number;
  /** Device pixels. */
  readonly width: number;
  readonly height: number;
  /** Device pixels per unit. */
  readonly scale: number;
}

export class StaticInk {
  private readonly surfaces = new Map<string, Held>();
  private scale = 0;
  private clock = 0;

  constructor(private readonly newCanvas = (): HTMLCanvasElement => document.createElement('canvas')) {}

  /** Take in what stands on a surface now. Returns whether anything is to be painted anew. */
  update(key: string, objects: readonly InkObject[]): boolean {
    const held = this.surfaces.get(key);
    if (held?.objects === objects) return false;
    if (!held) {
      const fresh: Held = { objects: [], cells: new Map() };
      this.surfaces.set(key, fresh);
      return this.update(key, objects) || objects.length > 0;
    }
    const { objects: before } = held;
    held.objects = objects;
    const isLonger =
      objects.length >= before.length &&
      (before.length === 0 || objects[before.length - 1] === lastOf(before));
    if (isLonger && objects[0] === (before[0] ?? objects[0])) {
      for (const added of objects.slice(before.length)) this.put(held, added);
      return objects.length > before.length;
    }
    return this.compare(held, before, objects);
  }

  /** Forget a surface. */
  forget(key: string): void {
    this.surfaces.delete(key);
  }

  /** Paint the view of a surface onto `context`, within `budgetMs`. Returns whether all of it is painted. */
  paint(context: CanvasRenderingContext2D, key: string, view: View, budgetMs: number): boolean {
    this.setScale(view.scale);
    const held = this.surfaces.get(key);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    if (!held) return true;
    const until = performance.now() + budgetMs;
    let isWhole = true;
    for (const [name, cell] of held.cells) {
      const box = boxOfCell(name);
      const left = Math.round(box.left * view.scale) - Math.round(view.x * view.scale);
      const top = Math.round(box.top * view.scale) - Math.round(view.y * view.scale);
      const size = TILE_UNITS * view.scale + 1;
      if (left > view.width || top > view.height || left + size < 0 || top + size < 0) continue;
      if (!this.ready(cell, box, until)) isWhole = false;
      if (cell.tile) context.drawImage(cell.tile.canvas, left, top);
    }
    this.trim();
    return isWhole;
  }

  /** Paint ahead what is not shown yet. Returns whether it is done. */
  prepare(key: string, view: View, budgetMs: number): boolean {
    this.setScale(view.scale);
    const held = this.surfaces.get(key);
    const until = performance.now() + budgetMs;
    const shown = {
      left: view.x,
      top: view.y,
      right: view.x + view.width / view.scale,
      bottom: view.y + view.height / view.scale,
    };
    for (const [name, cell] of held?.cells ?? []) {
      const box = boxOfCell(name);
      if (overlap(box, shown) && !this.ready(cell, box, until)) return false;
    }
    return true;
  }

  /** Return the objects of a surface near a point, the highest first. */
  near(key: string, x: number, y: number): readonly InkObject[] {
    const cell = this.surfaces
      .get(key)
      ?.cells.get(nameOf(Math.floor(x / TILE_UNITS), Math.floor(y / TILE_UNITS)));
    return cell ? [...cell.objects].reverse() : [];
  }

  private setScale(scale: number): void {
    if (scale === this.scale) return;
    this.scale = scale;
    for (const held of this.surfaces.values()) for (const cell of held.cells.values()) cell.tile = null;
  }

  private put(held: Held, added: InkObject): void {
    for (const name of cellsOf(shapeOf(added).box)) {
      const cell = held.cells.get(name);
      if (cell) cell.objects.push(added);
      else held.cells.set(name, { objects: [added], tile: null });
    }
  }

  /** Find what came and went among many. */
  private compare(held: Held, before: readonly InkObject[], after: readonly InkObject[]): boolean {
    const stays = new Set(after);
    const was = new Set(before);
    const due = new Set<string>();
    for (const one of before)
      if (!stays.has(one)) for (const name of cellsOf(shapeOf(one).box)) due.add(name);
    for (const one of after) {
      if (was.has(one)) continue;
      for (const name of cellsOf(shapeOf(one).box)) due.add(name);
      this.put(held, one);
    }
    for (const name of due) {
      const cell = held.cells.get(name);
      if (!cell) continue;
      const objects = cell.objects.filter((one) => stays.has(one)).sort((a, b) => (a.z ?? 0) - (b.z ?? 0));
      if (objects.length === 0) held.cells.delete(name);
      else held.cells.set(name, { objects, tile: null });
    }
    return due.size > 0;
  }

  /** Go on painting a tile until it is whole or the time is over; the first object is always painted. */
  private ready(cell: Cell, box: Box, until: number): boolean {
    const tile = (cell.tile ??= this.newTile(box));
    tile.usedAt = ++this.clock;
    if (tile.painted === cell.objects.length) return true;
    const context = tile.canvas.getContext('2d');
    if (!context) return true;
    const { scale } = this;
    context.setTransform(scale, 0, 0, scale, -Math.round(box.left * scale), -Math.round(box.top * scale));
    while (tile.painted < cell.objects.length) {
      const one = cell.objects[tile.painted++];
      if (one) drawShape(context, shapeOf(one));
      if (performance.now() > until) break;
    }
    return tile.painted === cell.objects.length;
  }

  /** Tiles meet at whole pixels: nothing is painted twice where they do. */
  private newTile(box: Box): Tile {
    const canvas = this.newCanvas();
    canvas.width = Math.round(box.right * this.scale) - Math.round(box.left * this.scale);
    canvas.height = Math.round(box.bottom * this.scale) - Math.round(box.top * this.scale);
    return { canvas, painted: 0, usedAt: 0 };
  }

  /** Give up the tiles that were not shown for longest. */
  private trim(): void {
    const painted: Cell[] = [];
    for (const held of this.surfaces.values())
      for (const cell of held.cells.values()) if (cell.tile) painted.push(cell);
    if (painted.length <= MAX_TILES) return;
    painted.sort((a, b) => (a.tile?.usedAt ?? 0) - (b.tile?.usedAt ?? 0));
    for (const cell of painted.slice(0, painted.length - MAX_TILES)) cell.tile = null;
  }
}

const nameOf = (column: number, row: number): string => `${column} ${row}`;

function boxOfCell(name: string): Box {
  const [column = 0, row = 0] = name.split(' ').map(Number);
  const left = column * TILE_UNITS;
  const top = row * TILE_UNITS;
  return { left, top, right: left + TILE_UNITS, bottom: top + TILE_UNITS };
}

function* cellsOf(box: Box): Generator<string> {
  const right = Math.floor(box.right / TILE_UNITS);
  const bottom = Math.floor(box.bottom / TILE_UNITS);
  for (let column = Math.floor(box.left / TILE_UNITS); column <= right; column++)
    for (let row = Math.floor(box.top / TILE_UNITS); row <= bottom; row++) yield nameOf(column, row);
}
