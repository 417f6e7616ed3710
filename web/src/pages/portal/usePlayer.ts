import { computed, onScopeDispose, ref, watch, type Ref, type ShallowRef } from 'vue';
import type { Recording, Rendition } from '@/api/types';
import { clampTime, resumeAt, stepSpeed } from './playback';
import { savedPosition, savePosition } from './positions';

const SAVE_EVERY_MS = 5000;

/** Plays a recording on one media element: the lecturer's picture and voice, or the sound alone. */
export function usePlayer(recording: Recording, element: Readonly<ShallowRef<HTMLVideoElement | null>>) {
  const rendition = (name: Rendition['name']) => recording.renditions.find((r) => r.name === name) ?? null;
  const lecturer = rendition('lecturer');
  const audio = rendition('audio');
  const screen = rendition('screen');

  const audioOnly = ref(lecturer === null);
  const playing = ref(false);
  const broken = ref(false);
  const muted = ref(false);
  const speed = ref(1);
  const resumedAt = ref(0);
  const current = ref(resumeAt(savedPosition(recording.id), recording.duration_ms));
  resumedAt.value = current.value;
  const source = computed(() => (audioOnly.value ? audio : lecturer) ?? lecturer ?? screen);
  let savedAt = 0;

  function seek(ms: number): void {
    current.value = clampTime(ms, recording.duration_ms);
    if (element.value) element.value.currentTime = current.value / 1000;
    save();
  }

  function save(): void {
    savePosition(recording.id, current.value);
  }

  async function play(): Promise<void> {
    if (current.value >= recording.duration_ms - 200) seek(0); // played to its end: from the beginning again
    try {
      await element.value?.play();
    } catch {
      playing.value = false; // interrupted by a pause or another source; a real failure is told by onError
    }
  }

  function toggle(): void {
    if (playing.value) element.value?.pause();
    else void play();
  }

  function changeSpeed(step: 1 | -1): void {
    speed.value = stepSpeed(speed.value, step);
  }

  /** The element has another file now, or loaded one anew: go on where we were, as we were. */
  function onLoaded(): void {
    const media = element.value;
    if (!media) return;
    broken.value = false;
    media.currentTime = current.value / 1000;
    media.playbackRate = speed.value;
    media.muted = muted.value;
    if (playing.value) void play();
  }

  function onTime(): void {
    const media = element.value;
    if (!media || media.readyState === 0 || media.seeking) return;
    current.value = clampTime(media.currentTime * 1000, recording.duration_ms);
    if (Math.abs(current.value - savedAt) < SAVE_EVERY_MS) return;
    savedAt = current.value;
    save();
  }

  function onPause(): void {
    const media = element.value;
    if (media && !media.ended && media.readyState === 0) return; // a change of source, not a person
    playing.value = false;
    save();
  }

  function retry(): void {
    broken.value = false;
    element.value?.load();
  }

  watch(speed, (rate) => {
    if (element.value) element.value.playbackRate = rate;
  });
  watch(muted, (quiet) => {
    if (element.value) element.value.muted = quiet;
  });
  window.addEventListener('pagehide', save);
  onScopeDispose(() => {
    window.removeEventListener('pagehide', save);
    save();
  });

  const on = {
    loadedmetadata: onLoaded,
    timeupdate: onTime,
    play: () => (playing.value = true),
    pause: onPause,
    ended: onPause,
    error: () => (broken.value = true),
  };
  return {
    ...{ lecturer, audio, screen, source, audioOnly, playing, broken, muted, speed, current, resumedAt },
    ...{ seek, toggle, changeSpeed, retry, on },
  };
}

export type Player = ReturnType<typeof usePlayer>;

/** How far the second picture may be from the first before it is set right: less is not seen on slides. */
const DRIFT_S = 0.3;

/** Keep a silent second picture (the shared screen) in step with the player. */
export function useFollower(
  player: Player,
  element: Readonly<ShallowRef<HTMLVideoElement | null>>,
): {
  loaded: () => void;
} {
  function align(): void {
    const media = element.value;
    if (!media || media.readyState === 0) return;
    media.playbackRate = player.speed.value;
    const at = player.current.value / 1000;
    if (Math.abs(media.currentTime - at) > DRIFT_S) media.currentTime = at;
    if (player.playing.value && media.paused && at < media.duration) void media.play().catch(() => undefined);
    if (!player.playing.value && !media.paused) media.pause();
  }
  watch([player.current, player.playing, player.speed, element] as Ref<unknown>[], align);
  return { loaded: align };
}
