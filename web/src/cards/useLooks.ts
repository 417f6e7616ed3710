/** Reads one picture after the other as long as the camera is open. */
import { onBeforeUnmount, ref, type Ref } from 'vue';
import { CardReader } from './reader';
import type { Look } from './reader.worker';

/** From one picture's end to the next one's begin: five pictures a second are plenty, and the phone stays cool. */
const PAUSE_MS = 120;
const FAILURES = 3; // in a row: the reader's script did not arrive, or the phone cannot run it
const AGAIN_MS = 1500;

export function useLooks(video: Ref<HTMLVideoElement | null>, take: (look: Look, nowMs: number) => void) {
  const reader = new CardReader();
  let running = 0;
  let failures = 0;
  /** Whether pictures come but cannot be read. */
  const isStuck = ref(false);

  async function start(): Promise<void> {
    const mine = (running += 1);
    while (mine === running) {
      const element = video.value;
      if (element && element.readyState >= HTMLMediaElement.HAVE_CURRENT_DATA && element.videoWidth > 0) {
        const seenAt = performance.now();
        const look = await reader.read(element);
        if (mine !== running) return;
        if (look) take(look, seenAt);
        failures = look ? 0 : failures + 1;
        isStuck.value = failures >= FAILURES;
      }
      await new Promise((resolve) => setTimeout(resolve, failures > 0 ? AGAIN_MS : PAUSE_MS));
    }
  }

  function stop(): void {
    running += 1;
    reader.close();
  }

  onBeforeUnmount(stop);
  return { isStuck, start, stop };
}
