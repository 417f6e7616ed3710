/** What is left of the timer, by the room's clock, and how it is said. */
import type { Timer } from '@/generated/messages';

/** Milliseconds that `timer` has left at `roomNow` (the room's clock), never below 0. */
export function leftMs(timer: Timer, roomNow: number): number {
  return timer.ends_t_ms === null ? timer.left_ms : Math.max(0, timer.ends_t_ms - roomNow);
}

/** "4:05", rounded up: 0:00 is only said when the time is over. */
export function timeText(ms: number): string {
  const seconds = Math.ceil(ms / 1000);
  return `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, '0')}`;
}
