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
    if (!seat.online) return t('lesson.tile.offline');
    if (!seat.sources.some((info) => info.source === 'camera')) return t('lesson.tile.cameraOff');
    if (!fill?.paused) return '';
    const rung = lesson.linkOf(lesson.me)?.rung;
    return rung === 'slides_audio' || rung === 'audio' ? t('lesson.tile.still') : t('lesson.tile.waiting');
  }

  return { name, note };
}
