/** How high each slot is shown on this page, so that the server never sends more than is seen. Several tiles may show one
 *  slot, and a layout swaps one for another: the tallest counts, and changes are told once they have settled. */

/** Heights are told in steps, in pixels: a layout that moves by a little is no news. */
export const STEPS = [180, 360, 720, 1080] as const;
const SETTLE_MS = 150;

/** Return the step that holds `pixels`; 0 when nothing is shown. */
export function stepOf(pixels: number): number {
  if (pixels <= 0) return 0;
  return STEPS.find((step) => step >= pixels) ?? 1080;
}

export class SlotLimits {
  private readonly views = new Map<string, Map<object, number>>();
  private readonly told = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | null = null;

  constructor(private readonly tell: (slot: string, maxHeight: number) => void) {}

  /** `viewer` shows `slot` this high now; 0: no longer. */
  set(slot: string, viewer: object, pixels: number): void {
    const views = this.views.get(slot) ?? new Map<object, number>();
    this.views.set(slot, views);
    if (pixels > 0) views.set(viewer, pixels);
    else views.delete(viewer);
    this.timer ??= setTimeout(() => this.settle(), SETTLE_MS);
  }

  /** The server has forgotten what it was told: a new connection. */
  repeat(): void {
    this.told.clear();
    this.timer ??= setTimeout(() => this.settle(), SETTLE_MS);
  }

  clear(): void {
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.views.clear();
    this.told.clear();
  }

  private settle(): void {
    this.timer = null;
    for (const [slot, views] of this.views) {
      const height = stepOf(Math.max(0, ...views.values()));
      if (this.told.get(slot) === height) continue;
      this.told.set(slot, height);
      this.tell(slot, height);
    }
  }
}
