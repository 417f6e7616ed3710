/** One thing at a time, with its failure in words. */
import { ref, type Ref } from 'vue';
import { humanDetail } from '@/api/client';

export interface Act {
  problem: Ref<string | null>;
  busy: Ref<boolean>;
  /** Do it; return whether it went well. While it is done nothing else is begun. */
  run(what: () => Promise<unknown>): Promise<boolean>;
}

export function useAct(): Act {
  const problem = ref<string | null>(null);
  const busy = ref(false);
  async function run(what: () => Promise<unknown>): Promise<boolean> {
    if (busy.value) return false;
    busy.value = true;
    problem.value = null;
    try {
      await what();
      return true;
    } catch (error) {
      problem.value = humanDetail(error);
      return false;
    } finally {
      busy.value = false;
    }
  }
  return { problem, busy, run };
}
