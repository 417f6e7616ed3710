/** What a link gives, asked for once a sitting: reloading the page is no second use. */
import { onMounted, ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { ApiError, humanDetail, request } from '@/api/client';
import { sharing, type Opened } from './api';

const KEPT_MS = 3 * 3_600_000; // a pass is good for four hours: what is older is asked for anew

export interface Shared {
  opened: ShallowRef<Opened | null>;
  problem: Ref<string | null>;
  mustLogIn: Ref<boolean>;
  open: () => Promise<void>;
  /** Ask whether what plays may still be played, when it broke off: then it is said why, and nothing is shown. */
  check: () => Promise<void>;
}

export function useShared(id: string): Shared {
  const opened = shallowRef<Opened | null>(null);
  const problem = ref<string | null>(null);
  const mustLogIn = ref(false);
  const key = `tongtang.shared.${id}`;

  async function open(): Promise<void> {
    problem.value = null;
    try {
      const found = kept(key) ?? (await sharing.open(id));
      // Its resource.json says whether it is still good, before anything is shown of it.
      if (!(await fetch(`${found.base}resource.json`)).ok) return await anew();
      keep(key, found);
      opened.value = found;
    } catch (error) {
      tell(error);
    }
  }

  async function anew(): Promise<void> {
    forget(key);
    opened.value = await sharing.open(id);
    keep(key, opened.value);
  }

  async function check(): Promise<void> {
    if (!opened.value) return;
    try {
      await request('GET', `${opened.value.base}resource.json`);
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 0 || error.status >= 500) return; // the network, not the link
      forget(key);
      opened.value = null;
      tell(error);
    }
  }

  function tell(error: unknown): void {
    mustLogIn.value = error instanceof ApiError && error.code === 'not_logged_in';
    problem.value = humanDetail(error);
  }

  onMounted(open);
  return { opened, problem, mustLogIn, open, check };
}

/* In a frame on another site browsers may refuse all storage: then each visit is a use. */

function kept(key: string): Opened | null {
  try {
    const text = sessionStorage.getItem(key);
    const { at, opened } = JSON.parse(text ?? 'null') as { at: number; opened: Opened };
    return Date.now() - at < KEPT_MS ? opened : null;
  } catch {
    return null;
  }
}

function keep(key: string, opened: Opened): void {
  try {
    if (kept(key) === null) sessionStorage.setItem(key, JSON.stringify({ at: Date.now(), opened }));
  } catch {
    // refused
  }
}

function forget(key: string): void {
  try {
    sessionStorage.removeItem(key);
  } catch {
    // refused
  }
}
