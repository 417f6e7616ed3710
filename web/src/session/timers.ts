/** Time as the socket needs it: tests bring a clock of their own. */
export interface Timers {
  set(run: () => void, ms: number): number;
  clear(id: number): void;
  /** Monotonic milliseconds. */
  nowMs(): number;
}

export const browserTimers: Timers = {
  set: (run, ms) => window.setTimeout(run, ms),
  clear: (id) => window.clearTimeout(id),
  nowMs: () => performance.now(),
};
