/** Days and weeks of the timetable as people say them. Pure: a day is `2026-11-23`, on the region's clocks. */

const DAY_MS = 86_400_000;
const ZH_DAYS = ['周日', '周一', '周二', '周三', '周四', '周五', '周六'];
const EN_DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];

const moment = (day: string): Date => new Date(`${day}T00:00:00Z`);

/** Return the weekday's name; 1 is Monday, 7 Sunday. */
export function weekdayName(weekday: number, locale: string): string {
  return (locale === 'en' ? EN_DAYS : ZH_DAYS)[weekday % 7] ?? '';
}

/** Return the day's weekday: 1 is Monday, 7 Sunday. */
export function weekdayOf(day: string): number {
  return moment(day).getUTCDay() || 7;
}

/** Return 11月23日 周一. */
export function dayLabel(day: string, locale: string): string {
  const date = moment(day);
  const weekday = weekdayName(weekdayOf(day), locale);
  if (locale !== 'en') return `${date.getUTCMonth() + 1}月${date.getUTCDate()}日 ${weekday}`;
  const month = new Intl.DateTimeFormat('en-GB', { month: 'short', timeZone: 'UTC' }).format(date);
  return `${weekday} ${date.getUTCDate()} ${month}`;
}

/** Return the day so many days later. */
export function addDays(day: string, days: number): string {
  return new Date(moment(day).getTime() + days * DAY_MS).toISOString().slice(0, 10);
}

/** Return the Monday of the day's week. */
export function mondayOf(day: string): string {
  return addDays(day, 1 - weekdayOf(day));
}

/** Return minutes since midnight of `10:20`. */
export function minuteOf(time: string): number {
  return Number(time.slice(0, 2)) * 60 + Number(time.slice(3, 5));
}

export interface Placed<T> {
  lesson: T;
  /** Of `columns` side by side. */
  column: number;
  columns: number;
}

/** Lay lessons of one day side by side where they overlap, each as wide as it can be. */
export function placeDay<T extends { start: string; end: string }>(lessons: readonly T[]): Placed<T>[] {
  const sorted = [...lessons].sort((a, b) => minuteOf(a.start) - minuteOf(b.start));
  const placed: Placed<T>[] = [];
  let group: Placed<T>[] = [];
  let ends: number[] = [];
  const close = (): void => {
    for (const one of group) one.columns = ends.length;
    placed.push(...group);
    group = [];
    ends = [];
  };
  for (const lesson of sorted) {
    const start = minuteOf(lesson.start);
    if (ends.length > 0 && ends.every((end) => end <= start)) close();
    const free = ends.findIndex((end) => end <= start);
    const column = free < 0 ? ends.length : free;
    ends[column] = minuteOf(lesson.end);
    group.push({ lesson, column, columns: 1 });
  }
  close();
  return placed;
}
