import { defineStore } from 'pinia';
import { computed, ref } from 'vue';
import { api, setPageOf } from '@/api/client';
import type { Hello } from '@/api/types';
import { notePerson, wipeCopies } from '@/plans/sync/marks';

/** Who sits here: the person signed in, the classroom that this computer is the screen of, and what the server is. */
export const useWho = defineStore('who', () => {
  const hello = ref<Hello | null>(null);
  const me = computed(() => hello.value?.me ?? null);
  const device = computed(() => (hello.value?.device?.paired ? hello.value.device : null));
  /** Only a teacher of a school makes lessons and pairs screens. */
  const teaches = computed(() => me.value !== null && me.value.school !== null);

  /** Ask the server again. @throws ApiError */
  async function refresh(): Promise<Hello> {
    hello.value = await api.hello();
    setPageOf(me.value?.id ?? null);
    notePerson(me.value);
    return hello.value;
  }

  /** Return what is known, asking only the first time. @throws ApiError */
  async function known(): Promise<Hello> {
    return hello.value ?? (await refresh());
  }

  async function signIn(username: string, password: string): Promise<void> {
    await api.signIn(username, password);
    await refresh();
  }

  async function signInDemo(username: string): Promise<void> {
    await api.signInDemo(username);
    await refresh();
  }

  async function signOut(): Promise<void> {
    const person = me.value?.id;
    await api.signOut();
    notePerson(null);
    if (person !== undefined) await wipeCopies(person); // the computer is the office's
    await refresh();
  }

  return { hello, me, device, teaches, refresh, known, signIn, signInDemo, signOut };
});
