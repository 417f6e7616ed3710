import { onBeforeUnmount, shallowRef, watch, type ShallowRef } from 'vue';
import type { SlotFill } from '@/generated/messages';

/** A source that went away may be back at once: a sender that reconnects, a media worker that was restarted. */
export const HOLD_MS = 4_000;

/** Return what a slot shows, where emptiness counts only after it has lasted: until then the last frame stays. */
export function useHeldFill(fill: () => SlotFill | null): ShallowRef<SlotFill | null> {
  const held = shallowRef(fill());
  let timer: number | null = null;

  function hold(next: SlotFill | null): void {
    if (timer !== null) window.clearTimeout(timer);
    timer = null;
    if (next?.peer != null || held.value?.peer == null) held.value = next;
    else timer = window.setTimeout(() => (held.value = next), HOLD_MS);
  }

  watch(fill, hold);
  onBeforeUnmount(() => {
    if (timer !== null) window.clearTimeout(timer);
  });
  return held;
}
