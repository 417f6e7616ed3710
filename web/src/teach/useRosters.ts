/** Rosters and attendance of the lesson, as far as this seat may see them. */
import { computed, type ComputedRef } from 'vue';
import type { PupilId, Roster } from '@/generated/messages';
import { useLesson } from '@/live/store';
import { absentOf } from './seats';

export interface ClassList {
  roster: Roster;
  absent: readonly PupilId[];
  /** How the classroom is called on screen. */
  name: string;
  online: boolean;
}

export function useClassLists(): ComputedRef<readonly ClassList[]> {
  const lesson = useLesson();
  return computed(() =>
    (lesson.room?.rosters ?? []).map((roster) => {
      const plan = lesson.lesson?.classrooms.find((room) => room.id === roster.classroom);
      const seat = lesson.classrooms.find((one) => one.classroom === roster.classroom);
      return {
        roster,
        absent: absentOf(lesson.room?.absences ?? [], roster.classroom),
        name: plan ? `${plan.school.name} ${plan.name}` : (seat?.school ?? ''),
        online: seat?.online ?? false,
      };
    }),
  );
}
