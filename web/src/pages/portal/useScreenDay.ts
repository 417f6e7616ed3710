import { computed, onBeforeUnmount, onMounted, ref, shallowRef, type ComputedRef, type Ref } from 'vue';
import { api, ApiError } from '@/api/client';
import { timetableApi, type PlannedLesson, type ScreenDay } from '@/api/timetable';
import type { Device } from '@/api/types';
import { keepDay, keptDay, lessonToOpenAt, ServerClock } from './screenDay';
import { usePoll } from './usePoll';

const POLL_MS = 3_000;
/** Asks the server who it is so often, which also renews the screen's cookie. */
const DEVICE_EVERY = 200;

export interface ScreenState {
  device: Ref<Device | null>;
  day: Ref<ScreenDay | null>;
  /** The server's time, moved on each second; 0 before it is known. */
  now: Ref<number>;
  opening: ComputedRef<PlannedLesson | null>;
  offline: ComputedRef<boolean>;
  reload: () => Promise<void>;
}

const isUnknown = (error: unknown): boolean =>
  error instanceof ApiError && [401, 403, 404].includes(error.status);

/** This screen as the server knows it; a browser that is none yet becomes one. */
async function whoAmI(): Promise<Device> {
  try {
    return await api.device();
  } catch (error) {
    if (!(error instanceof ApiError) || (error.status !== 401 && error.status !== 404)) throw error;
    return await api.addDevice();
  }
}

/** The screen's day, kept up to date and over outages, by the server's clock. */
export function useScreenDay(): ScreenState {
  const kept = keptDay(Date.now());
  const device = shallowRef<Device | null>(null);
  const day = shallowRef<ScreenDay | null>(kept?.day ?? null);
  const clock = new ServerClock();
  if (kept) clock.set(kept.now, performance.now());
  const read = (): number => (clock.isSet ? clock.at(performance.now()) : 0);
  const now = ref(read());
  let asked = 0;

  const poll = usePoll<true>(async () => {
    if (!device.value?.paired || asked++ % DEVICE_EVERY === 0) device.value = await whoAmI();
    if (!device.value.paired) {
      day.value = null;
      return true;
    }
    try {
      const before = performance.now();
      day.value = await timetableApi.screen();
      // The answer was written about half a round trip ago.
      const after = performance.now();
      clock.set(Date.parse(day.value.time) + (after - before) / 2, after);
      keepDay(day.value, Date.now());
      now.value = read();
    } catch (error) {
      if (isUnknown(error)) device.value = null; // unpaired meanwhile: asked again at the next poll
      throw error;
    }
    return true;
  }, POLL_MS);

  let timer = 0;
  onMounted(() => (timer = window.setInterval(() => (now.value = read()), 1_000)));
  onBeforeUnmount(() => window.clearInterval(timer));

  return {
    device,
    day,
    now,
    opening: computed(() => (day.value && now.value ? lessonToOpenAt(day.value.lessons, now.value) : null)),
    offline: computed(() => poll.problem.value !== null),
    reload: poll.reload,
  };
}
