/** The microphone of the private line: opened while the line is, and never beside the one that class hears. */
import { computed, onBeforeUnmount, watch } from 'vue';
import { useLesson } from '@/live/store';

export function useVoiceLine(): void {
  const lesson = useLesson();
  const isOpen = computed(() => {
    const line = lesson.room?.voice_line ?? null;
    return line !== null && line.is_open && [line.lecturer, line.teacher].includes(lesson.me);
  });
  let wasHeard = false;

  async function open(): Promise<void> {
    wasHeard = lesson.own.mic.stream !== null && !lesson.own.mic.muted;
    if (wasHeard) await lesson.setMuted('mic', true);
    lesson.setLineHeard(true);
    await lesson.startSource('line');
  }

  async function close(): Promise<void> {
    lesson.stopSource('line');
    lesson.setLineHeard(false);
    if (wasHeard) await lesson.setMuted('mic', false);
    wasHeard = false;
  }

  watch(isOpen, (now) => void (now ? open() : close()));
  onBeforeUnmount(() => {
    if (isOpen.value) lesson.stopSource('line');
  });
}
