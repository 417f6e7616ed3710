/** Whether the recording is paused, and for how long. */
import { computed, type ComputedRef } from 'vue';
import { useTick } from '@/live/clock';
import { useLesson } from '@/live/store';
import { isForgotten } from './forgotten';

export interface Pause {
  isPaused: ComputedRef<boolean>;
  forMs: ComputedRef<number>;
  /** It lasts so long that it may have been forgotten. */
  isLong: ComputedRef<boolean>;
}

export function usePause(): Pause {
  const lesson = useLesson();
  const tick = useTick();
  const since = computed(() =>
    lesson.state === 'live' ? (lesson.room?.recording_paused_t_ms ?? null) : null,
  );
  const forMs = computed(() => {
    void tick.value; // looked at once a second
    return since.value === null ? 0 : Math.max(0, lesson.roomNow() - since.value);
  });
  return {
    isPaused: computed(() => since.value !== null),
    forMs,
    isLong: computed(() => isForgotten(forMs.value)),
  };
}
