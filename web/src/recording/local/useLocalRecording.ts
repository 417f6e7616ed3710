/** This page's own recording during a lesson: whether it may, whether it was agreed to, and that it ends when it must. */
import { computed, onBeforeUnmount, ref, shallowRef, watch } from 'vue';
import { useLesson } from '@/live/store';
import { usePause } from '@/recording/usePause';
import { localApi, type Policy } from './api';
import { answerFor, keepAnswer, type Answer } from './consent';
import { LOOK_MS, LocalRecorder, newId, type Stopped } from './recorder';
import { freeBytes, shelf } from './shelves';
import type { Shelf } from './shelf';
import { canRecord } from './tape';

const BROWSER = newId(); // this page's clock
const DAY_MS = 86_400_000;

export function useLocalRecording(
  id: string,
  role: 'lecturer' | 'classroom',
  classroom: () => string | null = () => null,
) {
  const lesson = useLesson();
  const { isPaused } = usePause();
  const policy = shallowRef<Policy | null>(null);
  const place = shallowRef<Shelf | null>(null);
  const answer = ref<Answer>(answerFor(id));
  const stopped = ref<Stopped | ''>('');
  let recorder: LocalRecorder | null = null;

  const offered = computed(() => place.value !== null && policy.value?.allowed === true && canRecord());
  const agreed = computed(() => offered.value && (policy.value?.asks === false || answer.value === 'yes'));
  const asks = computed(() => offered.value && policy.value?.asks === true && answer.value === '');
  const runs = computed(
    () =>
      agreed.value && stopped.value === '' && lesson.state === 'live' && !isPaused.value && lesson.me !== '',
  );
  const mic = computed(() => lesson.own.mic.stream?.getAudioTracks()[0] ?? null);
  const camera = computed(() => lesson.own.camera.stream?.getVideoTracks()[0] ?? null);

  async function look(): Promise<void> {
    if (policy.value || !canRecord()) return;
    place.value = await shelf();
    try {
      policy.value = await localApi.policy(id, role, classroom());
    } catch {
      // Without an answer nothing is recorded; it is asked again when the lesson's socket is back.
    }
  }

  function begun(at: Shelf, by: Policy): LocalRecorder {
    const title = lesson.room?.lesson.title ?? lesson.lesson?.title ?? '';
    const about = {
      lesson: id,
      title,
      peer: lesson.me,
      browser: BROWSER,
      until: Date.now() + by.days * DAY_MS,
    };
    return new LocalRecorder(
      about,
      { voice: by.voice_bps, picture: by.picture_bps },
      { mostBytes: by.most_mb * 1e6, mostMs: by.most_hours * 3_600_000 },
      at,
      () => lesson.roomNow(),
      (why) => (stopped.value = why),
    );
  }

  watch(
    () => lesson.phase === 'live',
    (live) => void (live && look()),
    { immediate: true },
  );
  watch(
    [runs, mic, camera],
    () => {
      if (runs.value && place.value && policy.value) recorder ??= begun(place.value, policy.value);
      recorder?.set(runs.value ? { mic: mic.value, camera: camera.value } : { mic: null, camera: null });
    },
    { immediate: true },
  );
  const timer = window.setInterval(
    () => runs.value && void freeBytes().then((free) => recorder?.check(free)),
    LOOK_MS,
  );
  onBeforeUnmount(() => {
    window.clearInterval(timer);
    void recorder?.stop();
  });

  /** Answer the question. A no deletes what was recorded. */
  async function say(said: Answer): Promise<void> {
    answer.value = said;
    keepAnswer(id, said);
    if (said !== 'no') return;
    await recorder?.stop();
    recorder = null;
    for (const take of (await place.value?.takes()) ?? [])
      if (take.lesson === id && take.peer === lesson.me) await place.value?.remove(take.id);
  }

  return { asks, agreed, runs, stopped, policy, say };
}
