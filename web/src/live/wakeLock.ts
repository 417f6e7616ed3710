import { onBeforeUnmount, onMounted } from 'vue';

/** Keep the screen awake while the page is open, where the browser can. */
export function useWakeLock(): void {
  let lock: WakeLockSentinel | null = null;

  async function hold(): Promise<void> {
    if (document.visibilityState !== 'visible' || !('wakeLock' in navigator)) return;
    lock = await navigator.wakeLock.request('screen').catch(() => null); // refused on low battery: nothing to do
  }

  const onVisible = (): void => void hold();
  onMounted(() => {
    document.addEventListener('visibilitychange', onVisible);
    void hold();
  });
  onBeforeUnmount(() => {
    document.removeEventListener('visibilitychange', onVisible);
    void lock?.release();
  });
}
