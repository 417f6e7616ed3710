/** A resource on its page: loaded, changed by requests that answer with it as it is then, one at a time. */
import { computed, ref, shallowRef } from 'vue';
import { ApiError, humanDetail } from '@/api/client';
import { resourceApi } from './api';
import type { Sheet, Step } from './types';

export function useSheet(id: string) {
  const sheet = shallowRef<Sheet | null>(null);
  const problem = ref<string | null>(null);
  const wrongField = ref<string | null>(null);
  const busy = ref(false);
  /** Saves what was filled in and is not saved yet; null: there is nothing. */
  const unsaved = shallowRef<(() => Promise<boolean>) | null>(null);
  const may = computed(() => new Set<Step>(sheet.value?.may ?? []));

  /** Do something that answers with the resource; return whether it was done. What went wrong is in `problem`. */
  async function act(work: () => Promise<Sheet>): Promise<boolean> {
    busy.value = true;
    try {
      sheet.value = await work();
      problem.value = wrongField.value = null;
      return true;
    } catch (error) {
      problem.value = humanDetail(error);
      wrongField.value = error instanceof ApiError ? error.field : null;
      if (error instanceof ApiError && error.code === 'resource_withdrawn') await refresh();
      return false;
    } finally {
      busy.value = false;
    }
  }

  /** Show what may be done now, and keep what was filled in and the words of the refusal. */
  async function refresh(): Promise<void> {
    try {
      sheet.value = await resourceApi.get(id);
    } catch {
      // The refusal that led here says more than that the page could not be renewed.
    }
  }

  const load = (): Promise<boolean> => act(() => resourceApi.get(id));
  const step = (name: Step): Promise<boolean> =>
    act(() => resourceApi.step(id, name, sheet.value?.revision ?? 1));

  return { id, sheet, problem, wrongField, busy, unsaved, may, act, load, step };
}

export type OpenSheet = ReturnType<typeof useSheet>;
