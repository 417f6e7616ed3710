/** How many lines came since one last looked. What was said before one came in is not news. */
import { computed, ref, watch, type ComputedRef } from 'vue';
import type { PeerId } from '@/generated/messages';

export interface Spoken {
  readonly t_ms: number;
  readonly peer: PeerId;
}

/** `me` is empty until one is in. Lines are counted by their time: the room keeps only the last ones. */
export function useUnread(
  lines: () => readonly Spoken[],
  isOpen: () => boolean,
  me: () => PeerId,
): ComputedRef<number> {
  const read = ref(0);
  const markRead = (): void => {
    const all = lines();
    read.value = all[all.length - 1]?.t_ms ?? read.value;
  };
  watch(me, markRead, { immediate: true });
  watch(
    () => [isOpen(), lines()] as const,
    ([open]) => {
      if (open) markRead();
    },
  );
  return computed(() => lines().filter((line) => line.t_ms > read.value && line.peer !== me()).length);
}
