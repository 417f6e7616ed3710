import { onBeforeUnmount, onMounted, ref, shallowRef, type Ref, type ShallowRef } from 'vue';
import { ApiError, humanDetail } from '@/api/client';
import { meetingsApi } from './api';
import type { Meeting } from './types';

/** Others write agenda, minutes and resolutions too. Nothing new is an answer without a body: 1 kbit/s of the link. */
const POLL_MS = 2_500;

export interface OpenMeeting {
  meeting: ShallowRef<Meeting | null>;
  /** Why it cannot be shown, or why the last act was refused; empty: all is well. */
  problem: Ref<string>;
  load: () => Promise<void>;
  /** Do something and read the meeting again; returns whether it was done. */
  act: (work: () => Promise<unknown>) => Promise<boolean>;
}

/** A meeting with everything that belongs to it, kept fresh while the page is seen. */
export function useMeeting(id: string): OpenMeeting {
  const meeting = shallowRef<Meeting | null>(null);
  const problem = ref('');
  let timer = 0;
  let asked = 0;

  async function load(): Promise<void> {
    const number = ++asked;
    try {
      const before = meeting.value;
      const found = before ? await meetingsApi.changed(id, before.tag) : await meetingsApi.one(id);
      if (number === asked && found) meeting.value = found;
      if (number === asked && !before) problem.value = '';
    } catch (error) {
      // While something is shown, an outage of seconds is no news: the live side says it.
      if (!meeting.value || (error instanceof ApiError && error.status === 404))
        problem.value = humanDetail(error);
    }
  }

  async function act(work: () => Promise<unknown>): Promise<boolean> {
    problem.value = '';
    try {
      await work();
      await load();
      return true;
    } catch (error) {
      problem.value = humanDetail(error);
      return false;
    }
  }

  onMounted(() => {
    void load();
    timer = window.setInterval(() => {
      if (!document.hidden) void load();
    }, POLL_MS);
  });
  onBeforeUnmount(() => window.clearInterval(timer));

  return { meeting, problem, load, act };
}
