import { onBeforeUnmount, ref, watch, type Ref } from 'vue';
import { LevelMeter } from '@/media/levels';

/** Return how loud the first audio track of `stream` is, 0..1, a few times a second. */
export function useMicLevel(stream: () => MediaStream | null): Ref<number> {
  const level = ref(0);
  let meter: LevelMeter | null = null;

  watch(
    stream,
    (next) => {
      meter?.close();
      level.value = 0;
      const track = next?.getAudioTracks()[0];
      meter = track ? new LevelMeter(track, (value) => (level.value = value)) : null;
    },
    { immediate: true },
  );
  onBeforeUnmount(() => meter?.close());
  return level;
}
