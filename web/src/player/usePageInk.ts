/** Draws the ink of a time on two canvases: what was finished, and above it what was being drawn. */
import { onBeforeUnmount, onMounted, shallowRef, watch, type Ref } from 'vue';
import { INK_UNITS, type Snapshot } from '@/generated/messages';
import { currentSurface, surfaceNamed } from '@/ink/board';
import { LiveInk } from '@/ink/liveInk';
import { Painter } from '@/ink/painter';
import type { Lesson } from './useLesson';
import type { Playback } from './playback';

const LEAST_PIXELS = 16;

export interface Pixels {
  readonly width: number;
  readonly height: number;
}

/** Return the lesson's state at the time that is played, renewed before each picture. */
export function useMoment(playback: Playback, lesson: Lesson) {
  const room = shallowRef<Snapshot | null>(null);
  const live = new LiveInk();
  const listeners = new Set<() => void>();
  let frame = 0;
  let wasMs = -1;
  let was: unknown = null;

  function look(): void {
    frame = requestAnimationFrame(look);
    const ms = playback.nowMs();
    if (ms === wasMs && was === lesson.replay.value) return;
    wasMs = ms;
    was = lesson.replay.value;
    playback.show();
    const next = lesson.replay.value?.at(ms) ?? null;
    if (next !== room.value) room.value = next;
    const hand = next ? (lesson.growing.value?.at(ms, currentSurface(next)) ?? []) : [];
    if (hand.length === 0 && live.strokes.size === 0) return;
    live.strokes.clear();
    for (const stroke of hand) live.strokes.set(Number(stroke.id.split('.')[0]), stroke);
    for (const listener of listeners) listener();
  }

  onMounted(look);
  onBeforeUnmount(() => cancelAnimationFrame(frame));
  return { room, live, listeners };
}

export type Moment = ReturnType<typeof useMoment>;

/** Paint the ink of `surface` onto the canvases whenever it, or what is in hand, changes. */
export function usePageInk(
  moment: Moment,
  surface: Ref<string>,
  pixels: Ref<Pixels>,
  canvases: () => readonly [HTMLCanvasElement | null, HTMLCanvasElement | null],
): void {
  let painter: Painter | null = null;
  const again = (): void => painter?.paintSoon();

  function show(): void {
    const room = moment.room.value;
    const { x, y, objects } = surfaceNamed(room?.board ?? EMPTY, surface.value);
    const { width, height } = pixels.value;
    if (width < LEAST_PIXELS) return; // not shown just now
    painter?.show(surface.value, objects, { x, y, width, height, scale: width / INK_UNITS });
  }

  watch([moment.room, surface, pixels], show, { flush: 'post' });
  onMounted(() => {
    const [below, above] = canvases();
    if (!below || !above) return;
    painter = new Painter({ desk: null, live: moment.live }, below, above);
    moment.listeners.add(again);
    show();
  });
  onBeforeUnmount(() => {
    moment.listeners.delete(again);
    painter?.close();
  });
}

const EMPTY = { shown: '', boards: 0, authors: [], writers: [], surfaces: [] };
