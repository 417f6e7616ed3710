import { useI18n } from 'vue-i18n';
import type { Participant, SlotFill } from '@/generated/messages';
import { useLesson } from './store';

/** The words under a picture: who it is, and why it does not move when it does not. */
export function usePictureWords(): {
  name: (seat: Participant) => string;
  note: (seat: Participant | null, fill: SlotFill | null) => string;
} {
  const { t } = useI18n();
  const lesson = useLesson();

  /** Classrooms are known by their school; when a school has several, their own name tells them apart. */
  function name(seat: Participant): string {
    if (seat.role !== 'classroom') return seat.name;
    const sameSchool = lesson.classrooms.filter((other) => other.school === seat.school);
    return sameSchool.length > 1 ? `${seat.school} ${seat.name}` : seat.school;
  }

  function note(seat: Participant | null, fill: SlotFill | null): string {
    if (!seat) return '';
    const isSmall = fill?.slot.startsWith('tile') ?? false;
    // While this page is cut off, nothing that it knows of others is news. Small pictures say it by standing still.
    if (lesson.awaySince !== null) return isSmall ? '' : t('lesson.tile.outage');
    if (!seat.online) return t('lesson.tile.offline');
    const source = fill?.source === 'screen' ? 'screen' : 'camera';
    if (!seat.sources.some((info) => info.source === source)) return t('lesson.tile.cameraOff');
    if (!fill?.paused) return '';
    if (isSmall) return t('lesson.tile.stillSmall');
    const link = lesson.linkOf(lesson.me);
    if (link?.limited === true && (link.rung === 'slides_audio' || link.rung === 'audio'))
      return t('lesson.tile.limited');
    return link?.audio_ok === false ? t('lesson.tile.stillSmall') : t('lesson.tile.still');
  }

  return { name, note };
}
