/** Which part of a blank board is shown: as everybody sees it, and at once where who leads moves it. */
import { computed, onBeforeUnmount, ref, watch, type Ref } from 'vue';
import type { Surface } from '@/generated/messages';
import { useLesson } from '@/live/store';
import { MOST } from './points';

const TELL_MS = 200; // between moves that are told: five events a second while it moves

export function useBoardView(surface: Ref<Surface | null>, moves: Ref<boolean>) {
  const lesson = useLesson();
  const own = ref<{ x: number; y: number } | null>(null);
  let timer: number | null = null;

  const at = computed(() => own.value ?? { x: surface.value?.x ?? 0, y: surface.value?.y ?? 0 });

  function move(dx: number, dy: number): void {
    if (!moves.value) return;
    const limit = (value: number): number => Math.round(Math.min(MOST, Math.max(0, value)));
    own.value = { x: limit(at.value.x + dx), y: limit(at.value.y + dy) };
    timer ??= window.setTimeout(() => void tell(), TELL_MS);
  }

  async function tell(): Promise<void> {
    const told = own.value;
    timer = null;
    if (!told) return;
    await lesson.act({ type: 'move_board', ...told });
    if (own.value === told) own.value = null;
  }

  watch(
    () => surface.value?.key,
    () => (own.value = null),
  );
  onBeforeUnmount(() => {
    if (timer !== null) window.clearTimeout(timer);
  });

  return { at, move };
}
