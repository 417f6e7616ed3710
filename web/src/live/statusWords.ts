import { computed, type ComputedRef } from 'vue';
import { useI18n } from 'vue-i18n';
import { useLesson } from './store';

export type StatusKey =
  | 'entering'
  | 'outage'
  | 'outageLead'
  | 'restoring'
  | 'connecting'
  | 'audioOnly'
  | 'slidesAudio'
  | 'limited'
  | 'uplinkSmall'
  | 'uplinkStill'
  | 'roomUplinkSmall'
  | 'roomUplinkStill'
  | 'leadAway'
  | 'noLead';

/** The one thing about the connection that people should know now; null when all is well. The worst comes first. */
export function useStatus(): { key: ComputedRef<StatusKey | null>; words: ComputedRef<string> } {
  const { t } = useI18n();
  const lesson = useLesson();

  /** What is wrong with the way here: nothing else matters while it is. */
  function wayHere(): StatusKey | null {
    if (lesson.awaySince !== null) return lesson.isLead ? 'outageLead' : 'outage';
    const { subscribe, publish } = lesson.paths;
    if ([subscribe, publish].some((state) => state === 'down' || state === 'unstable')) return 'restoring';
    return null;
  }

  function wayOut(): StatusKey | null {
    const isRoom = lesson.mine?.role === 'classroom';
    if (!lesson.own.camera.stream) return null;
    if (lesson.paths.uplink === 'still') return isRoom ? 'roomUplinkStill' : 'uplinkStill';
    if (lesson.paths.uplink === 'small') return isRoom ? 'roomUplinkSmall' : 'uplinkSmall';
    return null;
  }

  function picture(): StatusKey | null {
    if (lesson.room?.phase === 'group_work') return null; // pictures rest on purpose
    const link = lesson.linkOf(lesson.me);
    if (link?.rung !== 'audio' && link?.rung !== 'slides_audio') return null;
    if (link.limited === true) return 'limited';
    return link.rung === 'audio' ? 'audioOnly' : 'slidesAudio';
  }

  const key = computed<StatusKey | null>(() => {
    if (lesson.phase === 'entering') return 'entering';
    if (lesson.phase !== 'live' && lesson.phase !== 'away') return null;
    const here = wayHere();
    if (here) return here;
    if (lesson.state === 'live' && !lesson.isLead) {
      if (lesson.room?.acting) return null; // somebody goes on with class: the page says who
      if (!lesson.lead) return 'noLead';
      if (!lesson.lead.online) return 'leadAway';
    }
    if (lesson.paths.subscribe === 'connecting') return 'connecting';
    return picture() ?? wayOut();
  });

  return { key, words: computed(() => (key.value ? t(`lesson.status.${key.value}`) : '')) };
}
