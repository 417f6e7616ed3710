/** Files becoming a deck: uploaded one after the other, then converted; goes on while the page is open. */
import { computed, onScopeDispose, ref, shallowRef } from 'vue';
import { ApiError, humanDetail } from '@/api/client';
import { deckApi } from './api';
import { titleOf } from './picking';
import { surroundings as around } from './surroundings';
import { Cancelled, ResumableUpload } from './upload';
import type { DeckDetail, DeckInfo } from './types';

export type MakingPhase = 'idle' | 'uploading' | 'stopped' | 'converting' | 'ready' | 'failed';

const PURPOSE = 'deck';
const POLL_MS = 1_000;

export function useMaking() {
  const phase = ref<MakingPhase>('idle');
  const sent = ref(0);
  const all = ref(0);
  const waiting = ref(false);
  const problem = ref('');
  const deck = shallowRef<DeckInfo | DeckDetail | null>(null);
  const busy = computed(() => phase.value === 'uploading' || phase.value === 'converting');
  let files: File[] = [];
  let running: ResumableUpload | null = null;
  let timer = 0;
  let gone = false;

  async function start(chosen: File[]): Promise<void> {
    files = chosen;
    phase.value = 'uploading';
    problem.value = '';
    deck.value = null;
    all.value = files.reduce((sum, file) => sum + file.size, 0);
    try {
      deck.value = await deckApi.make(await sendAll(), titleOf(files));
      for (const file of files) new ResumableUpload(file, PURPOSE, around, () => undefined).forget();
      follow();
    } catch (error) {
      if (error instanceof Cancelled) return;
      phase.value = 'stopped';
      problem.value = humanDetail(error);
    }
  }

  async function sendAll(): Promise<string[]> {
    const ids: string[] = [];
    let before = 0;
    for (const file of files) {
      running = new ResumableUpload(file, PURPOSE, around, (progress) => {
        sent.value = before + progress.sent;
        waiting.value = progress.waiting;
      });
      ids.push(await running.run());
      before += file.size;
    }
    running = null;
    return ids;
  }

  /** Show how the conversion goes until it ends. */
  function follow(): void {
    const state = deck.value?.state ?? 'converting';
    phase.value = state;
    if (state === 'converting' && !gone) timer = window.setTimeout(() => void look(), POLL_MS);
  }

  async function look(): Promise<void> {
    if (!deck.value || gone) return;
    try {
      deck.value = await deckApi.get(deck.value.id);
      problem.value = '';
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return reset();
      problem.value = humanDetail(error); // the next look may succeed
    }
    follow();
  }

  /** Send again what has stopped, or convert again what has failed. */
  async function again(): Promise<void> {
    if (phase.value === 'stopped') return start(files);
    if (!deck.value) return;
    try {
      deck.value = await deckApi.again(deck.value.id);
      follow();
    } catch (error) {
      problem.value = humanDetail(error);
    }
  }

  /** Watch a deck that exists. */
  function watchDeck(known: DeckInfo): void {
    window.clearTimeout(timer);
    deck.value = known;
    follow();
  }

  function reset(): void {
    window.clearTimeout(timer);
    phase.value = 'idle';
    problem.value = '';
    deck.value = null;
    sent.value = 0;
  }

  function cancel(): void {
    running?.cancel();
    reset();
  }

  onScopeDispose(() => {
    gone = true;
    window.clearTimeout(timer);
  });

  return { phase, sent, all, waiting, problem, deck, busy, start, again, cancel, reset, watchDeck };
}

export type Making = ReturnType<typeof useMaking>;
