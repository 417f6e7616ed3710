import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue';
import { ApiError, humanDetail } from '@/api/client';
import type { Lesson } from '@/api/types';
import { useLesson } from './store';
import type { Entry } from './session';

/** A page that could not learn what the lesson is asks again: the first minutes of a school day are full of outages. */
const AGAIN_MS = 4_000;

export interface EntryState {
  /** Why the lesson cannot be entered, in words; empty while all is well or being retried quietly. */
  problem: Ref<string>;
  enter: () => Promise<void>;
}

/** Enter the lesson when the page opens, and leave it when the page is left.
 *
 *  `prepare` runs once the lesson is known and says how to enter; null: do not enter (an ended lesson).
 */
export function useEntry(lessonId: string, prepare: (lesson: Lesson) => Promise<Entry | null>): EntryState {
  const lesson = useLesson();
  const problem = ref('');
  let timer: number | null = null;
  let left = false;

  async function enter(): Promise<void> {
    if (timer !== null) window.clearTimeout(timer);
    try {
      const known = await lesson.load(lessonId);
      const entry = await prepare(known);
      problem.value = '';
      if (entry && !left) lesson.enter(entry);
    } catch (error) {
      problem.value = humanDetail(error);
      const lasting = error instanceof ApiError && [401, 403, 404].includes(error.status);
      if (!left && !lasting) timer = window.setTimeout(() => void enter(), AGAIN_MS);
    }
  }

  onMounted(() => void enter());
  onBeforeUnmount(() => {
    left = true;
    if (timer !== null) window.clearTimeout(timer);
    lesson.leave();
  });

  return { problem, enter };
}
