/** Keeps what a marked plan needs beside its text to open without a network: its cover, and the pages' program. */
import { watch, type Ref } from 'vue';
import { keepPlanPages } from '@/pack/registerWorker';
import type { Plan } from '../api';
import { mark } from './marks';
import type { PlanState } from './PlanConnection';

export function useKeptCopy(state: PlanState, person: string, cover: Readonly<Ref<Plan | null>>): void {
  watch(
    [() => state.isMarked, cover] as const,
    ([isMarked, now]) => {
      if (!isMarked || !now) return;
      mark(person, now.id, { cover: now });
      keepPlanPages();
    },
    { immediate: true },
  );
}
