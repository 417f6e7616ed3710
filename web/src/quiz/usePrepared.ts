/** The prepared questions of the lesson, read when the panel first opens and again when asked to. */
import { computed, ref, shallowRef } from 'vue';
import { useLesson } from '@/live/store';
import { quizApi, type PreparedQuestion } from './api';

export function usePrepared() {
  const lesson = useLesson();
  const items = shallowRef<readonly PreparedQuestion[]>([]);
  const failed = ref(false);
  const isRead = ref(false); // before that nobody knows whether there are any
  const asked = computed(() => {
    const quiz = lesson.room?.quiz;
    return new Set([
      ...(quiz?.past ?? []).map((one) => one.prepared),
      ...(quiz?.asked ?? []).map((one) => one.question.prepared),
    ]);
  });
  const thisPage = computed(() => items.value.filter((one) => one.page === lesson.room?.page));
  const others = computed(() => items.value.filter((one) => one.page !== lesson.room?.page));

  async function read(): Promise<void> {
    const id = lesson.room?.lesson.id ?? lesson.lesson?.id;
    if (!id) return;
    try {
      items.value = (await quizApi.prepared(id)).items;
      failed.value = false;
      isRead.value = true;
    } catch {
      failed.value = true;
    }
  }

  return { items, failed, isRead, asked, thisPage, others, read };
}
