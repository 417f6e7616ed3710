/** Weeks and days of a calendar, on this device's clock. Pure: `now` comes from the caller. */
import type { Shown } from './types';

export const DAY_MS = 86_400_000;

/** Return Monday 0:00 of the week that is `weeks` after the one of `now`. */
export function monday(now: Date, weeks = 0): Date {
  const weekday = (now.getDay() + 6) % 7;
  return new Date(now.getFullYear(), now.getMonth(), now.getDate() - weekday + 7 * weeks);
}

/** Return how many weeks lie between the one of `now` and that of `then`; negative for one that is over. */
export function weeksUntil(now: Date, then: Date): number {
  return Math.round((monday(then).getTime() - monday(now).getTime()) / (7 * DAY_MS));
}

/** Return where `days` after the day of `from` begins, whatever the clock does in between. */
export function dayAfter(from: Date, days: number): Date {
  return new Date(from.getFullYear(), from.getMonth(), from.getDate() + days);
}

export interface CalendarDay {
  day: Date;
  found: Shown[];
}

/** Return the days that have something, in order, each with what begins on it. */
export function byDay(found: readonly Shown[]): CalendarDay[] {
  const days = new Map<number, CalendarDay>();
  for (const one of [...found].sort((a, b) => a.gathering.starts_ms - b.gathering.starts_ms)) {
    const day = dayAfter(new Date(one.gathering.starts_ms), 0);
    const entry = days.get(day.getTime()) ?? { day, found: [] };
    entry.found.push(one);
    days.set(day.getTime(), entry);
  }
  return [...days.values()];
}

/** Return `2026-11-24` of this device's day. */
export function isoDay(day: Date): string {
  const part = (value: number): string => String(value).padStart(2, '0');
  return `${day.getFullYear()}-${part(day.getMonth() + 1)}-${part(day.getDate())}`;
}

/** Return the moment of a day (`2026-11-24`) and time (`14:30`) on this device's clock, in epoch ms. */
export function momentOf(day: string, time: string): number {
  return new Date(`${day}T${time}:00`).getTime();
}

/** Return how urgent a day is that something is due: days from today, negative when it is over. */
export function daysLeft(due: string, now: Date): number {
  const day = new Date(`${due}T00:00:00`);
  return Math.round((day.getTime() - dayAfter(now, 0).getTime()) / DAY_MS);
}
