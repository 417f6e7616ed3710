/** The timer on every screen. */
import { computed, type ComputedRef } from 'vue';
import { useTick } from '@/live/clock';
import { useLesson } from '@/live/store';
import { leftMs, timeText } from './time';

export interface TimerState {
  left: ComputedRef<number | null>;
  text: ComputedRef<string>;
  isOver: ComputedRef<boolean>;
  isRunning: ComputedRef<boolean>;
}

export function useTimer(): TimerState {
  const lesson = useLesson();
  const tick = useTick();
  const timer = computed(() => lesson.room?.timer ?? null);
  const left = computed(() => {
    void tick.value; // looked at once a second
    return timer.value ? leftMs(timer.value, lesson.roomNow()) : null;
  });
  return {
    left,
    text: computed(() => (left.value === null ? '' : timeText(left.value))),
    isOver: computed(() => left.value === 0),
    isRunning: computed(() => timer.value?.ends_t_ms != null),
  };
}
