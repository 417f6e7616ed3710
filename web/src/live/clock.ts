import { onBeforeUnmount, onMounted, ref, type Ref } from 'vue';

/** Return h:mm:ss or mm:ss. */
export function clockText(ms: number): string {
  const total = Math.max(0, Math.floor(ms / 1_000));
  const pad = (n: number): string => String(n).padStart(2, '0');
  const [hours, minutes, seconds] = [Math.floor(total / 3_600), Math.floor(total / 60) % 60, total % 60];
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(seconds)}` : `${pad(minutes)}:${pad(seconds)}`;
}

/** A number that changes each second: read it where something depends on the time. */
export function useTick(): Ref<number> {
  const tick = ref(Date.now());
  let timer = 0;
  onMounted(() => (timer = window.setInterval(() => (tick.value = Date.now()), 1_000)));
  onBeforeUnmount(() => window.clearInterval(timer));
  return tick;
}
