/** The list of names behind an '@', whichever text it is in: what is asked for, which one is chosen, and its keys. */
import { computed, ref, shallowRef } from 'vue';
import type { Author } from '../types';
import { matching } from './names';

export interface Wanted {
  /** Where the '@' stands: a list that was closed with Esc stays closed for it. */
  at: number;
  query: string;
  /** Where on the screen the list belongs; null: behind the text field. */
  place: (() => DOMRect | null) | null;
}

/** What a key is called while an input method has it (UI Events §7.3.1). */
const INPUT_METHOD_KEY = 229;

export function useNaming(people: () => readonly Author[], pick: (one: Author, at: number) => void) {
  const wanted = shallowRef<Wanted | null>(null);
  const index = ref(0);
  let closedAt = -1;
  const found = computed(() => (wanted.value ? matching(people(), wanted.value.query) : []));

  /** Say what stands before the caret now. */
  function ask(now: Wanted | null): void {
    if (now === null) closedAt = -1;
    if (now?.query !== wanted.value?.query) index.value = 0;
    wanted.value = now && now.at !== closedAt ? now : null;
  }

  function close(): void {
    closedAt = wanted.value?.at ?? closedAt;
    wanted.value = null;
  }

  function choose(one: Author | undefined): void {
    const at = wanted.value?.at;
    if (!one || at === undefined) return;
    wanted.value = null;
    pick(one, at);
  }

  /** Take a key if it is meant for the list; one that an input method has is not. */
  function onKey(event: KeyboardEvent): boolean {
    const count = found.value.length;
    const isPlain = !event.ctrlKey && !event.altKey && !event.metaKey && !event.shiftKey;
    if (count === 0 || !isPlain || event.isComposing || event.keyCode === INPUT_METHOD_KEY) return false;
    const by = { ArrowDown: 1, ArrowUp: count - 1 }[event.key];
    if (by !== undefined) index.value = (index.value + by) % count;
    else if (event.key === 'Enter' || event.key === 'Tab') choose(found.value[index.value]);
    else if (event.key === 'Escape') close();
    else return false;
    event.preventDefault();
    event.stopPropagation(); // Esc also closes the form around it
    return true;
  }

  return { wanted, found, index, ask, close, choose, onKey };
}

export type Naming = ReturnType<typeof useNaming>;
