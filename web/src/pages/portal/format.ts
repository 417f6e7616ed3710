/** Times, durations and sizes as people say them. Pure: `now` and the locale come from the caller. */

export type Locale = 'zh-CN' | 'en';

const DAY_MS = 86_400_000;
const MEGABYTE = 1_000_000;

function startOfDay(moment: Date): number {
  return new Date(moment.getFullYear(), moment.getMonth(), moment.getDate()).getTime();
}

/** Return whole calendar days from `now` to `moment` in local time: 0 today, 1 tomorrow, -1 yesterday. */
export function daysBetween(now: Date, moment: Date): number {
  // Rounded, because a day with a clock change is 23 or 25 hours long.
  return Math.round((startOfDay(moment) - startOfDay(now)) / DAY_MS);
}

/** Return `10:05`, the local time of day. */
export function timeOfDay(moment: Date): string {
  return `${moment.getHours()}:${String(moment.getMinutes()).padStart(2, '0')}`;
}

const NEAR_DAYS: Record<Locale, Record<string, string>> = {
  'zh-CN': { '-1': '昨天', '0': '今天', '1': '明天', '2': '后天' },
  en: { '-1': 'Yesterday', '0': 'Today', '1': 'Tomorrow' },
};

/** Return the day as it is said: 今天, 明天, 11月25日 周三; with the year when it is another one. */
export function dayInWords(moment: Date, now: Date, locale: Locale): string {
  const near = NEAR_DAYS[locale][String(daysBetween(now, moment))];
  if (near !== undefined) return near;
  const sameYear = moment.getFullYear() === now.getFullYear();
  if (locale === 'zh-CN') {
    const weekday = '日一二三四五六'.charAt(moment.getDay());
    const year = sameYear ? '' : `${moment.getFullYear()}年`;
    return `${year}${moment.getMonth() + 1}月${moment.getDate()}日 周${weekday}`;
  }
  return new Intl.DateTimeFormat('en-GB', {
    weekday: 'short',
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' }),
  }).format(moment);
}

/** Return day and time: 今天 10:05. */
export function whenInWords(iso: string, now: Date, locale: Locale): string {
  const moment = new Date(iso);
  if (Number.isNaN(moment.getTime())) return '';
  return `${dayInWords(moment, now, locale)} ${timeOfDay(moment)}`;
}

/** Return a length as it is said: 45 秒, 40 分钟, 1 小时 5 分. */
export function durationInWords(ms: number, locale: Locale): string {
  const seconds = Math.max(0, Math.round(ms / 1000));
  const zh = locale === 'zh-CN';
  if (seconds < 60) return zh ? `${seconds} 秒` : `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return zh ? `${minutes} 分钟` : `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  const rest = minutes % 60;
  if (zh) return rest > 0 ? `${hours} 小时 ${rest} 分` : `${hours} 小时`;
  return rest > 0 ? `${hours} h ${rest} min` : `${hours} h`;
}

/** Return a size in MB (10^6 bytes, as phone plans count it): 0.4 MB, 14 MB. */
export function megabytes(bytes: number): string {
  const size = Math.max(0, bytes) / MEGABYTE;
  if (size > 0 && size < 0.1) return '0.1 MB';
  return size < 10 ? `${size.toFixed(1)} MB` : `${Math.round(size)} MB`;
}
