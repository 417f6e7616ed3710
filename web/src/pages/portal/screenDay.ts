/** What a classroom's screen does with its day: what time it is, which lesson it opens, and what it remembers. Pure
 *  but for the store that `keepDay` writes.
 *
 *  A classroom's computer may have any time: its clock is never asked what time it is, only how much has passed since
 *  the server said so. */
import type { PlannedLesson, ScreenDay } from '@/api/timetable';

/** How long before its beginning a lesson is opened: pupils sit down, camera and sound are tried. */
export const LEAD_MS = 5 * 60_000;
const KEPT = 'tongtang.screen.day';
const KEPT_DAYS_MS = 7 * 86_400_000;

/** The server's time, carried on by a clock that nobody sets (`performance.now()`). */
export class ServerClock {
  #server = 0;
  #steady = 0;

  get isSet(): boolean {
    return this.#server > 0;
  }

  /** Note what time the server says it is, at `steady` ms of the own steady clock. */
  set(server: number, steady: number): void {
    this.#server = server;
    this.#steady = steady;
  }

  /** Return the time as UTC epoch ms. */
  at(steady: number): number {
    return this.#server + (steady - this.#steady);
  }
}

/** Return the wall's time of day and day in the region, whatever the computer's time zone. */
export function regionTime(now: number, offsetMin: number): { time: string; day: string } {
  const shown = new Date(now + offsetMin * 60_000).toISOString();
  return { time: shown.slice(11, 16), day: shown.slice(0, 10) };
}

const starts = (lesson: PlannedLesson): number => Date.parse(lesson.starts_at);

/** Return the lesson that the screen opens by itself: a live one, else the latest that is about to begin or should
 *  have begun; never one that is off. */
export function lessonToOpenAt(lessons: readonly PlannedLesson[], now: number): PlannedLesson | null {
  const held = lessons.filter((lesson) => lesson.cancelled === null);
  const due = (lesson: PlannedLesson) =>
    lesson.state === 'scheduled' && starts(lesson) - LEAD_MS <= now && now < Date.parse(lesson.ends_at);
  const latest = (some: PlannedLesson[]) => some.sort((a, b) => starts(b) - starts(a))[0] ?? null;
  return latest(held.filter((lesson) => lesson.state === 'live')) ?? latest(held.filter(due));
}

/** Return whether a screen that waits in lesson `id` should be elsewhere: it is off, or another one's time has come. */
export function shouldLeave(id: string, lessons: readonly PlannedLesson[], now: number): boolean {
  const own = lessons.find((lesson) => lesson.id === id);
  if (own?.cancelled != null) return true;
  const open = lessonToOpenAt(lessons, now);
  return open !== null && open.id !== id;
}

/** Return the next lesson of the day that has not begun and is held today. */
export function nextLesson(day: ScreenDay, now: number): PlannedLesson | null {
  return (
    day.lessons.find(
      (lesson) =>
        lesson.state === 'scheduled' &&
        lesson.cancelled === null &&
        lesson.day === day.today &&
        starts(lesson) > now,
    ) ?? null
  );
}

interface Kept {
  day: ScreenDay;
  /** The server's time less that of the computer: right again after a reload, as long as nobody sets the computer's. */
  ahead: number;
}

type Store = Pick<Storage, 'getItem' | 'setItem'>;

/** Remember the day for a reload without a network. */
export function keepDay(day: ScreenDay, computer: number, store: Store = localStorage): void {
  const kept: Kept = { day, ahead: Date.parse(day.time) - computer };
  try {
    store.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // Full or forbidden: the screen then shows nothing until the network is back.
  }
}

/** Return the remembered day and the server's time now, or null. */
export function keptDay(
  computer: number,
  store: Store = localStorage,
): { day: ScreenDay; now: number } | null {
  try {
    const kept = JSON.parse(store.getItem(KEPT) ?? 'null') as Kept | null;
    if (!kept || !Array.isArray(kept.day.lessons)) return null;
    const now = computer + kept.ahead;
    const age = now - Date.parse(kept.day.time);
    return age >= 0 && age < KEPT_DAYS_MS ? { day: kept.day, now } : null;
  } catch {
    return null;
  }
}
