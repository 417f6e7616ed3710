/** Paints one screen's ink: finished ink below, what is in hand above. Paints only when something changed. */
import type { InkObject } from '@/generated/messages';
import { drawShape, makeShape } from './draw';
import type { InkRoom } from './inkRoom';
import { POINTER_FADES_MS } from './liveInk';
import { colourOf } from './palette';
import { StaticInk, type View } from './staticInk';

const BUDGET_MS = 9; // of a frame for finished ink: the rest is the pen's
const POINTER_UNITS = 130;

export class Painter {
  readonly finished = new StaticInk();
  private readonly below: CanvasRenderingContext2D;
  private readonly above: CanvasRenderingContext2D;
  private key = '';
  private objects: readonly InkObject[] = [];
  private view: View = { x: 0, y: 0, width: 1, height: 1, scale: 1 };
  private isDue = true;
  private frame: number | null = null;

  constructor(
    private readonly ink: Pick<InkRoom, 'desk' | 'live'>,
    below: HTMLCanvasElement,
    above: HTMLCanvasElement,
  ) {
    this.below = contextOf(below);
    this.above = contextOf(above);
  }

  /** Show a surface. */
  show(key: string, objects: readonly InkObject[], view: View): void {
    const isOther =
      key !== this.key ||
      Object.entries(view).some(([name, value]) => this.view[name as keyof View] !== value);
    this.isDue ||= isOther;
    this.key = key;
    this.objects = objects;
    this.view = view;
    this.paintSoon();
  }

  paintSoon(): void {
    this.frame ??= requestAnimationFrame(() => this.paint());
  }

  close(): void {
    if (this.frame !== null) cancelAnimationFrame(this.frame);
  }

  private paint(): void {
    this.frame = null;
    const { desk } = this.ink;
    const shown = desk?.hidesAny ? this.objects.filter((one) => !desk.isHidden(one.id)) : this.objects;
    if (this.finished.update(this.key, shown)) this.isDue = true;
    if (this.isDue) this.isDue = !this.finished.paint(this.below, this.key, this.view, BUDGET_MS);
    const moves = this.paintAbove();
    if (this.isDue || moves) this.paintSoon();
    this.below.canvas.dataset.painted = String(!this.isDue);
  }

  /** Paint what is in hand. Returns whether it changes by itself. */
  private paintAbove(): boolean {
    const { above: context, view } = this;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, view.width, view.height);
    const { scale } = view;
    context.setTransform(scale, 0, 0, scale, -Math.round(view.x * scale), -Math.round(view.y * scale));
    for (const one of this.ink.desk?.pendingOn(this.key) ?? [])
      drawShape(context, makeShape(one.style, one.points, one.text));
    for (const one of this.ink.live.strokes.values())
      if (one.surface === this.key) drawShape(context, makeShape(one.style, one.points));
    const open = this.ink.desk?.open;
    if (open?.surface === this.key) drawShape(context, makeShape(open.style, open.points));
    return this.paintPointers();
  }

  private paintPointers(): boolean {
    const now = performance.now();
    const { above: context } = this;
    let moves = false;
    for (const { at, atMs } of this.ink.live.pointers.values()) {
      const left = 1 - (now - atMs) / POINTER_FADES_MS;
      if (left <= 0) continue;
      moves = true;
      context.globalAlpha = Math.min(1, 2 * left);
      context.fillStyle = colourOf(1);
      context.strokeStyle = colourOf(7);
      context.lineWidth = POINTER_UNITS / 5;
      context.beginPath();
      context.arc(at.x, at.y, POINTER_UNITS / 2, 0, 2 * Math.PI);
      context.fill();
      context.stroke();
      context.globalAlpha = 1;
    }
    return moves;
  }
}

function contextOf(canvas: HTMLCanvasElement): CanvasRenderingContext2D {
  const context = canvas.getContext('2d');
  if (!context) throw new Error('no canvas');
  return context;
}
