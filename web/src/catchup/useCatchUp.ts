/** Catching up, as a page of the classroom sees it: what is offered, what is replayed, and how. */
import { computed, onBeforeUnmount, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue';
import { useTick } from '@/live/clock';
import { useLesson } from '@/live/store';
import { OutageWatch, joined, type Outage } from './outage';
import { Replay, type ReplayView } from './replay';
import { lastSeen, rememberSeen } from './seen';

/** `full`: the replay is heard and seen large, live is silent in the corner. `corner`: live goes on large and heard,
 *  the replay is small and silent. */
export type Mode = 'full' | 'corner';
export type Rate = 1.25 | 1.5;

export interface CatchUp {
  offer: Ref<Outage | null>;
  replay: Ref<Replay | null>;
  view: Ref<ReplayView | null>;
  mode: Ref<Mode>;
  rate: Ref<Rate>;
  /** Live was reached just now. */
  reached: Ref<boolean>;
  isFull: ComputedRef<boolean>;
  start: (mode: Mode) => void;
  setMode: (mode: Mode) => void;
  setRate: (rate: Rate) => void;
  close: () => void;
  dismiss: () => void;
}

const OLD_MS = 1_500_000; // the server has half an hour; an offer must leave time to take it
const TELL_EVERY_MS = 10_000; // for a phone that came later
const REACHED_MS = 5_000; // how long '已追上直播' stands

export function useCatchUp(): CatchUp {
  const lesson = useLesson();
  const tick = useTick();
  const offer = shallowRef<Outage | null>(null);
  const replay = shallowRef<Replay | null>(null);
  const view = shallowRef<ReplayView | null>(null);
  const mode = ref<Mode>('full');
  const rate = ref<Rate>(1.25);
  const reached = ref(false);
  const isFull = computed(() => replay.value !== null && mode.value === 'full');
  const outages = new OutageWatch();
  let reachedTimer = 0;

  const startedMs = computed(() => lesson.room?.lesson.started_t_ms ?? null);
  const nowMs = (): number | null => {
    const elapsed = lesson.elapsedMs();
    return elapsed === null || startedMs.value === null ? null : elapsed + startedMs.value;
  };
  const isWell = computed(
    () => lesson.phase === 'live' && lesson.paths.subscribe === 'up' && !lesson.paths.cut,
  );

  watch([tick, isWell], () => {
    const now = nowMs();
    if (now === null || startedMs.value === null || lesson.state !== 'live') return;
    const lessonId = lesson.room?.lesson.id ?? '';
    const outage = outages.hear(isWell.value, now, startedMs.value, lastSeen(lessonId));
    if (isWell.value) rememberSeen(lessonId, now);
    if (outage && !replay.value) offer.value = joined(offer.value, outage);
    if (offer.value && now - offer.value.fromMs > OLD_MS) {
      offer.value = now - offer.value.toMs > OLD_MS ? null : { ...offer.value, fromMs: now - OLD_MS };
    }
  });

  function start(wanted: Mode, from: number | null = null): void {
    const [fromMs, now] = [from ?? offer.value?.fromMs, nowMs()];
    if (fromMs === undefined || now === null) return;
    close();
    offer.value = null;
    reached.value = false;
    const lessonId = lesson.room?.lesson.id ?? '';
    replay.value = new Replay(lessonId, lesson.me, fromMs, now, rate.value, (next) => onView(next));
    setMode(lesson.isCalledOn ? 'corner' : wanted);
  }

  function onView(next: ReplayView): void {
    view.value = next;
    if (next.state === 'ended') {
      close();
      reached.value = true;
      window.clearTimeout(reachedTimer);
      reachedTimer = window.setTimeout(() => (reached.value = false), REACHED_MS);
    }
  }

  function setMode(wanted: Mode): void {
    mode.value = wanted;
    replay.value?.setSilent(wanted === 'corner');
    lesson.setSilent(replay.value !== null && wanted === 'full');
  }

  function setRate(wanted: Rate): void {
    rate.value = wanted;
    if (replay.value) replay.value.rate = wanted;
  }

  function close(): void {
    if (!replay.value) return;
    replay.value.close();
    replay.value = null;
    view.value = null;
    lesson.setSilent(false);
  }

  // The phones beside the wall know what it offers, and may ask for it.
  const said = computed(() => (replay.value ? 'running' : offer.value ? 'offered' : 'none'));
  const missedS = (): number =>
    offer.value ? Math.round((offer.value.toMs - offer.value.fromMs) / 1_000) : 0;
  let toldAt = 0;
  watch([tick, said], ([now, what], [, before]) => {
    const again = what !== 'none' && now - toldAt >= TELL_EVERY_MS;
    if (lesson.phase !== 'live' || (what === before && !again)) return;
    toldAt = now;
    void lesson.tellCatchUp(what, missedS());
  });
  watch(
    () => lesson.catchUpTold,
    (told) => {
      if (told?.act === 'start' && !replay.value) start('full');
      else if (told?.act === 'stop') close();
    },
  );

  // The lecturer speaks to this room: that is heard, whatever is being replayed.
  watch(
    () => lesson.isCalledOn,
    (called) => called && replay.value && setMode('corner'),
  );
  watch(
    () => lesson.state === 'live',
    (live) => {
      if (live) return;
      offer.value = null;
      close();
    },
  );
  onBeforeUnmount(() => {
    window.clearTimeout(reachedTimer);
    close();
  });

  return {
    offer,
    replay,
    view,
    mode,
    rate,
    reached,
    isFull,
    start,
    setMode,
    setRate,
    close,
    dismiss: () => (offer.value = null),
  };
}
