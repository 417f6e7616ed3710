/** What is to be sent from here, while no lesson is on in this page: one queue for all pages that show it. */
import { onBeforeUnmount, onMounted, reactive, readonly } from 'vue';
import { ApiError } from '@/api/client';
import { surroundings } from '@/decks/surroundings';
import { Cancelled } from '@/decks/upload';
import { localApi } from './api';
import { GapSender } from './sender';
import { shelf } from './shelves';
import type { Shelf, Take } from './shelf';

const AGAIN_MS = 4_000; // a short recording is ready at once; then later and later
const LONGEST_MS = 600_000;
const DONE_MS = 60_000; // what is done is read, and then gone from a wall that nobody reloads

export type UploadPhase = 'idle' | 'wait' | 'busy' | 'sending' | 'done';

const state = reactive({ phase: 'idle' as UploadPhase, title: '', sent: 0, waiting: false, brought: 0 });
let watchers = 0;
let working = false;
let timer = 0;
let patience = AGAIN_MS;
let hurries = false;
let sender: GapSender | null = null;

const lessonsOf = (takes: readonly Take[]): string[] => [...new Set(takes.map(({ lesson }) => lesson))];

async function work(): Promise<void> {
  if (working || watchers === 0) return;
  working = true;
  window.clearTimeout(timer);
  try {
    const place = await shelf();
    if (place) await sendAll(place);
  } catch {
    wait('wait', state.title); // the shelf cannot be read now, or the server not be asked: everything is kept
  } finally {
    working = false;
  }
}

async function sendAll(place: Shelf): Promise<void> {
  const takes = await clearOld(place);
  sender ??= new GapSender(place, localApi, surroundings, (told) =>
    Object.assign(state, told, { phase: 'sending' }),
  );
  sender.go();
  for (const lesson of lessonsOf(takes)) {
    const title = takes.find((take) => take.lesson === lesson)?.title ?? '';
    try {
      const outcome = await sender.run(lesson, hurries);
      if (outcome.state === 'done') finish(title, outcome.brought);
      else if (outcome.state !== 'foreign') wait(outcome.state, title);
    } catch (error) {
      if (error instanceof Cancelled) return;
      if (error instanceof ApiError && error.status >= 400 && error.status < 500) continue; // somebody else's
      wait('wait', title);
    }
  }
}

function finish(title: string, brought: number): void {
  Object.assign(state, { phase: brought > 0 ? 'done' : 'idle', title, brought });
  window.setTimeout(() => state.phase === 'done' && (state.phase = 'idle'), DONE_MS);
}

async function clearOld(place: Shelf): Promise<readonly Take[]> {
  const takes = await place.takes();
  const old = takes.filter((take) => take.until < Date.now());
  for (const take of old) await place.remove(take.id);
  return takes.filter((take) => !old.includes(take));
}

function wait(phase: 'wait' | 'busy', title: string): void {
  Object.assign(state, { phase, title });
  window.clearTimeout(timer);
  if (watchers > 0) timer = window.setTimeout(() => void work(), patience);
  patience = Math.min(LONGEST_MS, patience * 1.5);
}

/** Send now, also while the school is in class. */
function hurry(): void {
  hurries = true;
  patience = AGAIN_MS;
  void work();
}

/** Delete everything that was recorded here, unsent. */
async function dropAll(): Promise<void> {
  window.clearTimeout(timer);
  sender?.stop();
  sender = null;
  const place = await shelf();
  for (const take of (await place?.takes()) ?? []) await place?.remove(take.id);
  state.phase = 'idle';
}

export function useLocalUploads() {
  onMounted(() => {
    watchers += 1;
    patience = AGAIN_MS;
    sender?.go();
    void work();
  });
  onBeforeUnmount(() => {
    watchers -= 1;
    if (watchers > 0) return;
    window.clearTimeout(timer);
    sender?.hold();
  });
  return { state: readonly(state), hurry, dropAll };
}
