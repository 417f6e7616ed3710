/** What keys, buttons, taps, and the system's media keys do. */
import { onBeforeUnmount, onMounted, ref, watch, type Ref } from 'vue';
import { Taps, keyAction, keyUse, type KeyAction } from './keys';
import type { Playback } from './playback';
import { addressOf } from './resource';
import { nextStart, previousStart } from './timeline';

const STEP_MS = 10_000;
const SMALL_STEP_MS = 5_000;

export function useActs(playback: Playback, frame: Ref<HTMLElement | null>, captions: Ref<boolean>) {
  const { resource, base, state, durationMs } = playback;
  const isFull = ref(false);
  const taps = new Taps();
  const stops = resource.pages.length > 0 ? resource.pages : resource.chapters;

  function act(action: KeyAction): void {
    const now = playback.nowMs();
    switch (action) {
      case 'toggle':
        return playback.toggle();
      case 'back':
        return playback.seek(now - STEP_MS);
      case 'forward':
        return playback.seek(now + STEP_MS);
      case 'back5':
        return playback.seek(now - SMALL_STEP_MS);
      case 'forward5':
        return playback.seek(now + SMALL_STEP_MS);
      case 'previousPage':
        return playback.seek(previousStart(stops, now));
      case 'nextPage':
        return playback.seek(nextStart(stops, now) ?? now);
      case 'slower':
        return playback.changeSpeed(-1);
      case 'faster':
        return playback.changeSpeed(1);
      case 'mute':
        state.muted = !state.muted;
        return;
      case 'captions':
        captions.value = !captions.value;
        return;
      case 'fullscreen':
        return void fill();
      case 'start':
        return playback.seek(0);
      case 'end':
        return playback.seek(durationMs - SMALL_STEP_MS);
    }
  }

  async function fill(): Promise<void> {
    if (!document.fullscreenEnabled) return;
    if (document.fullscreenElement) await document.exitFullscreen();
    else await frame.value?.requestFullscreen().catch(() => undefined); // refused: the page stays as it is
  }

  function onKey(event: KeyboardEvent): void {
    const { target } = event;
    if (event.ctrlKey || event.metaKey || event.altKey || !(target instanceof Element)) return;
    if (target instanceof HTMLElement && target.isContentEditable) return;
    const isOutside = target !== document.body && !frame.value?.contains(target);
    const use = keyUse(target.tagName, target instanceof HTMLInputElement ? target.type : '');
    if (isOutside && use !== 'nothing') return; // the page around the player has keys of its own
    const action = keyAction(event.key, use);
    if (action === null) return;
    event.preventDefault();
    if (typeof action === 'number') playback.seek(action * durationMs);
    else act(action);
  }

  /** A tap or click on the picture: on its sides twice ten seconds, else play or pause. */
  function onTap(event: MouseEvent): void {
    const target = event.currentTarget as HTMLElement;
    const box = target.getBoundingClientRect();
    const isTouch = event instanceof PointerEvent && event.pointerType !== 'mouse';
    const side = isTouch ? taps.tap((event.clientX - box.left) / box.width, event.timeStamp) : 0;
    playback.toggle(); // a second tap takes back what the first one did
    if (side !== 0) act(side < 0 ? 'back' : 'forward');
  }

  function tellSystem(): void {
    const session = 'mediaSession' in navigator ? navigator.mediaSession : null;
    if (!session) return;
    const artwork = resource.poster
      ? [{ src: new URL(addressOf(base, resource.poster), document.baseURI).href, type: 'image/jpeg' }]
      : [];
    const artist = [resource.lecturer, resource.school].filter(Boolean).join(' · ');
    session.metadata = new MediaMetadata({ title: resource.title, artist, artwork });
    const does = (name: MediaSessionAction, run: (details: MediaSessionActionDetails) => void): void => {
      try {
        session.setActionHandler(name, run);
      } catch {
        // an older browser does not know it
      }
    };
    does('play', playback.play);
    does('pause', playback.pause);
    does('seekbackward', () => act('back'));
    does('seekforward', () => act('forward'));
    does('previoustrack', () => act('previousPage'));
    does('nexttrack', () => act('nextPage'));
    does('seekto', ({ seekTime }) => seekTime !== undefined && playback.seek(seekTime * 1000));
  }

  const onFull = (): void => void (isFull.value = document.fullscreenElement === frame.value);
  watch(
    () => state.wanted,
    (is) => {
      if ('mediaSession' in navigator) navigator.mediaSession.playbackState = is ? 'playing' : 'paused';
    },
  );
  onMounted(() => {
    document.addEventListener('keydown', onKey);
    document.addEventListener('fullscreenchange', onFull);
    tellSystem();
  });
  onBeforeUnmount(() => {
    document.removeEventListener('keydown', onKey);
    document.removeEventListener('fullscreenchange', onFull);
  });
  return { act, onTap, isFull };
}
