/** Hand in what lies on this device, at once and again while the line holds something back. */
import { onBeforeUnmount, onMounted, ref } from 'vue';
import { ApiError } from '@/api/client';
import { quizApi } from './api';
import { handIn, type Handed, type Ways } from './leftovers';
import type { Batch } from './outbox';
import { outboxOf, outboxesKept, type Whose } from './outboxes';
import { photos } from './photoStore';

const AGAIN_MS = 15_000;

const WAYS: Ways = {
  kept: outboxesKept,
  open: ({ lesson, classroom }) => outboxOf(lesson, classroom),
  photos,
  addPhoto: (one) => quizApi.addPhoto(one.lesson, one.classroom, one.photo),
  hand: (whose, batch, source) => quizApi.giveLate(whose.lesson, requestOf(whose, batch, source)),
  failure: (error) => (error instanceof ApiError ? error : null),
};

function requestOf(
  { classroom }: Whose,
  batch: Batch,
  source: string,
): Parameters<typeof quizApi.giveLate>[1] {
  const common = { id: 0, question: batch.question, source, revision: batch.revision, classroom };
  return batch.hands
    ? { type: 'count_hands', ...common, ...batch.hands }
    : { type: 'give_answers', ...common, answers: batch.answers };
}

let running: Promise<Handed> | null = null; // of this page: two at once would send a photo twice

export function useLeftovers(onHanded: () => void) {
  const handed = ref(0);
  const waiting = ref(0);
  const refused = ref<{ count: number; why: string } | null>(null);
  let timer = 0;
  let isGone = false;

  async function go(): Promise<void> {
    window.clearTimeout(timer);
    running ??= handIn(WAYS).finally(() => (running = null));
    const now = await running;
    if (isGone) return;
    handed.value += now.answers;
    waiting.value = now.waiting;
    const why = now.refusals[now.refusals.length - 1];
    if (why) refused.value = { count: (refused.value?.count ?? 0) + now.refusals.length, why };
    if (now.answers > 0) onHanded();
    if (now.waiting > 0) timer = window.setTimeout(() => void go(), AGAIN_MS);
  }

  const online = (): void => void go();
  onMounted(() => {
    window.addEventListener('online', online);
    void go();
  });
  onBeforeUnmount(() => {
    isGone = true;
    window.clearTimeout(timer);
    window.removeEventListener('online', online);
  });
  return { handed, waiting, refused };
}
