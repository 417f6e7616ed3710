import { computed, type ComputedRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { useLesson } from './store';

export type StatusKey =
  | 'entering'
  | 'away'
  | 'mediaDown'
  | 'mediaUnstable'
  | 'cut'
  | 'connecting'
  | 'audioOnly'
  | 'slidesAudio'
  | 'leadAway'
  | 'noLead';

/** The one thing about the connection that people should know now; null when all is well. The worst comes first. */
export function useStatus(): { key: ComputedRef<StatusKey | null>; words: ComputedRef<string> } {
  const { t } = useI18n();
  const lesson = useLesson();

  const key = computed<StatusKey | null>(() => {
    if (lesson.phase === 'entering') return 'entering';
    if (lesson.phase === 'away') return 'away';
    if (lesson.phase !== 'live') return null;
    const { subscribe, publish, cut } = lesson.paths;
    if (subscribe === 'down' || publish === 'down') return 'mediaDown';
    if (subscribe === 'unstable' || publish === 'unstable') return 'mediaUnstable';
    if (lesson.state === 'live' && !lesson.isLead) {
      if (!lesson.lead) return 'noLead';
      if (!lesson.lead.online) return 'leadAway';
      if (cut) return 'cut';
    }
    if (subscribe === 'connecting') return 'connecting';
    const rung = lesson.linkOf(lesson.me)?.rung;
    if (rung === 'audio') return 'audioOnly';
    return rung === 'slides_audio' ? 'slidesAudio' : null;
  });

  return { key, words: computed(() => (key.value ? t(`lesson.status.${key.value}`) : '')) };
}
