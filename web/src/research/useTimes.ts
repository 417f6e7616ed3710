/** Moments of the workshop as they are said in the page's language. */
import { useI18n } from 'vue-i18n';
import type { Locale } from '@/i18n';
import { dayInWords, timeOfDay, whenInWords } from '@/pages/portal/format';
import { daysLeft } from './week';

export function useTimes() {
  const { t, locale } = useI18n();
  const language = (): Locale => locale.value as Locale;

  const when = (ms: number): string => whenInWords(new Date(ms).toISOString(), new Date(), language());
  const day = (ms: number): string => dayInWords(new Date(ms), new Date(), language());
  /** Return the day by its date, also when it is today. */
  const date = (moment: Date): string =>
    new Intl.DateTimeFormat(language() === 'en' ? 'en-GB' : 'zh-CN', {
      month: 'long',
      day: 'numeric',
    }).format(moment);
  const span = (ms: number, minutes: number): string =>
    `${timeOfDay(new Date(ms))}–${timeOfDay(new Date(ms + minutes * 60_000))}`;

  /** Return how long something that is due has left. */
  function due(value: string | null): string {
    if (!value) return t('research.dueDay.open');
    const days = daysLeft(value, new Date());
    if (days < 0) return t('research.dueDay.late', { days: -days });
    return days === 0 ? t('research.dueDay.today') : t('research.dueDay.left', { days });
  }

  return { when, day, date, span, due };
}
