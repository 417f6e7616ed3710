/** The wall's side of its remote control: how it is, kept over a reload, and said to every phone that comes. */
import { computed, ref, watch, type Ref } from 'vue';
import { useLesson } from '@/live/store';
import { parseWall, type WallSettings } from './wallSettings';

const STORED = 'tongtang.wall';

export function useWallControl(): Ref<WallSettings> {
  const lesson = useLesson();
  const settings = ref(parseWall(localStorage.getItem(STORED)));
  const phones = computed(() =>
    lesson.seats
      .filter((seat) => seat.role === 'local_teacher' && seat.classroom === lesson.mine?.classroom)
      .map((seat) => `${seat.peer}${seat.online}`)
      .join(),
  );
  const say = (): void => void lesson.tellWall(settings.value.layout, settings.value.volume);

  watch(
    () => lesson.wallTold,
    (told) => {
      if (!told) return;
      settings.value = { layout: told.layout, volume: told.volume };
      localStorage.setItem(STORED, JSON.stringify(settings.value));
      say();
    },
  );
  watch([phones, () => lesson.phase], () => {
    if (phones.value && lesson.phase === 'live') say();
  });
  watch(
    [() => settings.value.volume, () => lesson.streams],
    () => lesson.setVolume(settings.value.volume / 100),
    { immediate: true },
  );
  return settings;
}
