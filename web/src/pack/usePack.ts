/** Packs on the pages of a classroom: they are fetched while such a page is open. */
import { onBeforeUnmount, onMounted, watch } from 'vue';
import { useLesson } from '@/live/store';
import { downloads, useDownloads } from './screenPacks';

/** Fetch what comes while this page is open; a screen that was just paired asks at once. */
export function useScreenPacks(isPaired: () => boolean = () => true): void {
  let release: (() => void) | null = null;
  onMounted(() => (release = useDownloads()));
  watch(isPaired, (paired) => paired && downloads.ask());
  onBeforeUnmount(() => release?.());
}

/** Fetch the pack of the lesson that this wall is in, the page that is shown first. */
export function useClassPack(lessonId: string, classroomOf: () => string | null): void {
  const lesson = useLesson();
  useScreenPacks();
  watch(
    () => [lesson.room?.deck?.id ?? '', classroomOf()],
    () => downloads.follow(lessonId, classroomOf()),
    { immediate: true },
  );
  watch(
    () => (lesson.state === 'live' ? (lesson.room?.page ?? 0) : 0),
    (page) => downloads.show(lessonId, page),
    { immediate: true },
  );
  onBeforeUnmount(() => downloads.follow(null));
}
