/** What a recording holds besides its media: log, subtitles, waveform; loaded once the sound has what it needs. */
import { computed, onScopeDispose, ref, shallowRef, watch } from 'vue';
import { GrowingInk } from './growing';
import { loadBytes, loadEvents, loadText } from './load';
import type { Playback } from './playback';
import { Replay } from './replay';
import { addressOf, type LessonEvents } from './resource';
import { entriesOf } from './search';
import { guestSpans, questionsOf, screenSpans } from './story';
import { readVtt, type Cue } from './vtt';

/** The page is fetched when sound could begin; the rest when this much of it is ahead, or nothing more comes. */
const PAGE_LATEST_MS = 2_500;
const REST_AHEAD_MS = 12_000;
const REST_LATEST_MS = 90_000; // a link that the voice alone fills: its ink comes late, but it comes
const SLICE_MS = 8; // of half a picture's time for states that seeks begin at
const PAUSE_MS = 30;

export function useLesson(playback: Playback, given: LessonEvents | null) {
  const { resource, base, state, durationMs } = playback;
  const mayFetchPage = ref(false);
  const events = shallowRef<LessonEvents | null>(null);
  const cues = shallowRef<readonly Cue[]>([]);
  const peaks = shallowRef<Uint8Array | null>(null);
  const log = computed(() => events.value?.events ?? []);
  const replay = shallowRef<Replay | null>(null);
  const growing = shallowRef<GrowingInk | null>(null);
  const screens = computed(() => (events.value ? screenSpans(events.value, durationMs) : []));
  const guests = computed(() => (events.value ? guestSpans(events.value, durationMs) : []));
  const questions = computed(() => questionsOf(resource, log.value));
  const entries = computed(() => entriesOf(resource, log.value, cues.value, questions.value));

  let prepareTimer = 0;

  function takeEvents(loaded: LessonEvents | null): void {
    if (!loaded) return;
    if (loaded.first) {
      const made = (replay.value = new Replay(loaded, loaded.first));
      const goOn = (): void => {
        if (!made.prepare(SLICE_MS)) prepareTimer = window.setTimeout(goOn, PAUSE_MS);
      };
      goOn();
    }
    growing.value = new GrowingInk(loaded.events);
    events.value = loaded;
  }

  async function loadRest(): Promise<void> {
    const [caption] = resource.captions ?? [];
    if (!given) takeEvents(await loadEvents(base, resource));
    // Neither is worth a word when it is missing.
    if (caption) cues.value = readVtt(await loadText(addressOf(base, caption.path)).catch(() => ''));
    if (resource.peaks) peaks.value = await loadBytes(addressOf(base, resource.peaks)).catch(() => null);
  }

  const pageTimer = window.setTimeout(() => (mayFetchPage.value = true), PAGE_LATEST_MS);
  const restTimer = window.setTimeout(() => (mayLoadRest.value = true), REST_LATEST_MS);
  const mayLoadRest = ref(false);
  watch(
    () => state.isReady,
    (is) => is && (mayFetchPage.value = true),
  );
  watch(
    () => state.isReady && (state.aheadMs >= REST_AHEAD_MS || (!state.wanted && !state.playing)),
    (is) => is && (mayLoadRest.value = true),
  );
  watch(mayLoadRest, () => void loadRest(), { once: true });
  onScopeDispose(() => {
    window.clearTimeout(pageTimer);
    window.clearTimeout(restTimer);
    window.clearTimeout(prepareTimer);
  });
  takeEvents(given);

  return { mayFetchPage, events, log, cues, peaks, replay, growing, screens, guests, questions, entries };
}

export type Lesson = ReturnType<typeof useLesson>;
