import { computed, onBeforeUnmount, ref, watch, type ComputedRef } from 'vue';
import { useMicLevel } from '@/live/micLevel';
import { useLesson } from '@/live/store';
import type { PeerId } from '@/generated/messages';

/** A voice on a laptop's loudspeaker; a room with a fan is below. */
const LOUD = 0.35;
/** The mark stays through the pauses between words. */
const HOLD_MS = 700;
const SOUND = ['audio0', 'audio1', 'audio2'] as const;

/** Return who speaks now, heard on this page: the browser knows its own microphone and the three voices it plays. */
export function useSpeakers(): ComputedRef<ReadonlySet<PeerId>> {
  const lesson = useLesson();
  const heardAt = ref<ReadonlyMap<PeerId, number>>(new Map());
  const own = useMicLevel(() => lesson.own.mic.stream);
  const others = SOUND.map((slot) => useMicLevel(() => lesson.streamIn(slot)));
  const now = ref(performance.now());
  const timer = window.setInterval(() => (now.value = performance.now()), HOLD_MS / 2);

  function note(peer: PeerId | null | undefined, level: number): void {
    if (!peer || level < LOUD) return;
    heardAt.value = new Map(heardAt.value).set(peer, performance.now());
  }

  watch(own, (level) => note(lesson.own.mic.muted ? null : lesson.me, level));
  SOUND.forEach((slot, index) => {
    const level = others[index];
    if (level) watch(level, (value) => note(lesson.fills.get(slot)?.peer, value));
  });
  onBeforeUnmount(() => window.clearInterval(timer));

  return computed(
    () => new Set([...heardAt.value].filter(([, at]) => now.value - at < HOLD_MS).map(([peer]) => peer)),
  );
}
