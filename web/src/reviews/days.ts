/** Days as forms and people have them. Pure. */

/** Return the ISO day so many days after the day that it is here. */
export function dayFromNow(now: Date, days: number): string {
  const day = new Date(now.getFullYear(), now.getMonth(), now.getDate() + days);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${day.getFullYear()}-${two(day.getMonth() + 1)}-${two(day.getDate())}`;
}

/** Return whether an ISO day is over. */
export function isLate(day: string, now: Date): boolean {
  return day < dayFromNow(now, 0);
}
