/** A deck that is being made goes into a lesson as soon as the server knows it. */
import { ref, watch } from 'vue';
import { humanDetail } from '@/api/client';
import { deckApi } from './api';
import type { Making } from './useMaking';

export function useAttaching(lesson: string, making: Making, onGiven: () => void = () => undefined) {
  const problem = ref('');
  const given = ref('');

  async function give(): Promise<void> {
    const deck = making.deck.value;
    if (!deck || given.value === deck.id) return;
    try {
      await deckApi.attach(lesson, deck.id);
      given.value = deck.id;
      problem.value = '';
      onGiven();
    } catch (error) {
      problem.value = humanDetail(error);
    }
  }

  watch(
    () => making.deck.value?.id,
    () => void give(),
    { immediate: true },
  );
  watch(making.phase, (phase) => {
    if (phase === 'ready') onGiven();
  });
  return { problem, given, give };
}
