import { useI18n } from 'vue-i18n';
import type { Link } from '@/generated/messages';
import { isGone, megabytes, remarkOf } from './linkRemark';

export interface Figure {
  name: string;
  value: string;
}

/** How links are, in the words of the language that is chosen. */
export function useLinkWords(): {
  /** The rung alone: 流畅. */
  rung: (link: Link | null, online: boolean) => string;
  /** The rung and the one thing worth saying: 流畅 · 丢包 8%. */
  line: (link: Link | null, online: boolean) => string;
  /** 12 秒前断开，正在恢复. */
  since: (ms: number) => string;
  figures: (link: Link) => Figure[];
} {
  const { t } = useI18n();

  function rung(link: Link | null, online: boolean): string {
    if (isGone(link, online)) return t('link.gone');
    return link ? t(`link.rung.${link.rung}`) : t('link.connecting');
  }

  function line(link: Link | null, online: boolean): string {
    if (!link || isGone(link, online)) return rung(link, online);
    const remark = remarkOf(link);
    const loss = Math.round(link.loss_pct);
    const words = t(`link.remark.${remark}`, { loss, seconds: (link.rtt_ms / 1_000).toFixed(1) });
    return remark === 'noSound' ? words : `${rung(link, online)} · ${words}`;
  }

  function since(ms: number): string {
    const seconds = Math.max(0, Math.round(ms / 1_000));
    const time =
      seconds < 90 ? t('link.seconds', { n: seconds }) : t('link.minutes', { n: Math.round(seconds / 60) });
    return t('link.goneSince', { time });
  }

  function figures(link: Link): Figure[] {
    const pct = (value: number): string => `${value.toFixed(1)}%`;
    return [
      {
        name: t('link.figure.sound'),
        value: t(link.audio_ok ? 'link.figure.soundOk' : 'link.figure.soundNot'),
      },
      { name: t('link.figure.delay'), value: t('link.figure.delayIs', { ms: Math.round(link.rtt_ms) }) },
      { name: t('link.figure.loss'), value: pct(link.loss_pct) },
      { name: t('link.figure.uplinkLoss'), value: pct(link.uplink_loss_pct) },
      {
        name: t('link.figure.rate'),
        value: t('link.figure.rateIs', { kbps: Math.round(link.down_bps / 1_000) }),
      },
      { name: t('link.figure.path'), value: t(`link.path.${link.path}`) },
      {
        name: t('link.figure.used'),
        value: t('link.figure.usedIs', { mb: megabytes(link.bytes_down) }),
      },
    ];
  }

  return { rung, line, since, figures };
}
