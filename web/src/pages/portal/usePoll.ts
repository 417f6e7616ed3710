import { onScopeDispose, ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { humanDetail } from '@/api/client';

export interface Poll<T> {
  data: ShallowRef<T | null>;
  /** Why the last try failed, in words; the data of the try before stays. */
  problem: Ref<string | null>;
  reload: () => Promise<void>;
}

/** Load now and again every `everyMs` until the component is gone; a hidden tab waits, one request at a time. */
export function usePoll<T>(load: () => Promise<T>, everyMs: number): Poll<T> {
  const data = shallowRef<T | null>(null);
  const problem = ref<string | null>(null);
  let timer: ReturnType<typeof setTimeout> | undefined;
  let gone = false;
  let running: Promise<void> | null = null;

  async function once(): Promise<void> {
    try {
      const loaded = await load();
      if (gone) return;
      data.value = loaded;
      problem.value = null;
    } catch (error) {
      if (!gone) problem.value = humanDetail(error);
    }
  }

  function plan(): void {
    clearTimeout(timer);
    if (!gone) timer = setTimeout(() => (document.hidden ? plan() : void reload()), everyMs);
  }

  function reload(): Promise<void> {
    running ??= once().finally(() => {
      running = null;
      plan();
    });
    return running;
  }

  onScopeDispose(() => {
    gone = true;
    clearTimeout(timer);
  });
  void reload();
  return { data, problem, reload };
}
