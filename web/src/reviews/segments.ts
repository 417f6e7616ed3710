/** A lesson laid against its plan, as bars. Pure. */
import { clock } from '@/player/timeline';
import type { Laid, SegmentTime } from './types';

/** Return minutes as people say them: whole from ten on, else with one digit. */
export function minutesOf(ms: number): string {
  const minutes = ms / 60_000;
  const said = minutes >= 10 ? minutes.toFixed(0) : minutes.toFixed(1);
  return said.replace(/\.0$/, '');
}

/** Return how many ms are one percent of the longest bar. */
export function scaleOf(segments: readonly SegmentTime[]): number {
  return Math.max(1, ...segments.flatMap((one) => [one.planned_ms, one.taught_ms])) / 100;
}

export function sumsOf(segments: readonly SegmentTime[]): { planned: number; taught: number } {
  const sum = (of: (one: SegmentTime) => number): number => segments.reduce((all, one) => all + of(one), 0);
  return { planned: sum((one) => one.planned_ms), taught: sum((one) => one.taught_ms) };
}

export interface Visit {
  number: number;
  title: string;
  from: string;
  to: string;
  left: number;
  width: number;
  tone: 0 | 1;
}

/** Return the visits of all segments in the order of class, in percent of its length; neighbours differ in tone. */
export function courseOf(laid: Laid): Visit[] {
  const all = Math.max(1, laid.lasted_ms);
  return laid.segments
    .flatMap((one, at) => one.visits.map(([from, to]) => ({ number: at + 1, title: one.title, from, to })))
    .sort((a, b) => a.from - b.from)
    .map((one, at) => ({
      ...one,
      from: clock(one.from),
      to: clock(one.to),
      left: (100 * one.from) / all,
      width: (100 * (one.to - one.from)) / all,
      tone: at % 2 === 0 ? 0 : 1,
    }));
}
