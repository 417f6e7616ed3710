/** Files becoming clips of a lesson, one after the other: uploaded, then looked into by the server. */
import { computed, onScopeDispose, ref, shallowRef } from 'vue';
import { humanDetail } from '@/api/client';
import { surroundings } from '@/decks/surroundings';
import { Cancelled, ResumableUpload } from '@/decks/upload';
import type { Clip } from '@/generated/messages';
import { clipApi } from './api';
import { titleOf } from './picking';

export type UploadPhase = 'idle' | 'uploading' | 'looking' | 'failed';

const PURPOSE = 'clip';

export function useClipUpload(lesson: string, onClips: (clips: readonly Clip[]) => void) {
  const phase = ref<UploadPhase>('idle');
  const queue = shallowRef<readonly File[]>([]);
  const sent = ref(0);
  const waiting = ref(false);
  const problem = ref('');
  const file = computed(() => queue.value[0] ?? null);
  let running: ResumableUpload | null = null;
  let gone = false;

  async function run(): Promise<void> {
    while (file.value && !gone) {
      if (!(await sendOne(file.value))) return;
      queue.value = queue.value.slice(1);
    }
    phase.value = 'idle';
  }

  async function sendOne(chosen: File): Promise<boolean> {
    sent.value = 0;
    waiting.value = false;
    problem.value = '';
    phase.value = 'uploading';
    const upload = (running = new ResumableUpload(chosen, PURPOSE, surroundings, (progress) => {
      sent.value = progress.sent;
      waiting.value = progress.waiting;
    }));
    try {
      const id = await upload.run();
      phase.value = 'looking';
      const { items } = await clipApi.add(lesson, id, titleOf(chosen.name));
      upload.forget();
      onClips(items);
      return true;
    } catch (error) {
      if (error instanceof Cancelled) return false;
      problem.value = humanDetail(error);
      phase.value = 'failed';
      return false;
    } finally {
      if (running === upload) running = null; // a cancelled one ends after its successor has begun
    }
  }

  function add(files: readonly File[]): void {
    queue.value = [...queue.value, ...files];
    if (phase.value === 'idle') void run();
  }

  /** Give the present file up and go on with the next. */
  function skip(): void {
    running?.cancel();
    if (file.value && phase.value === 'failed')
      new ResumableUpload(file.value, PURPOSE, surroundings, () => undefined).forget();
    queue.value = queue.value.slice(1);
    phase.value = 'idle';
    void run();
  }

  onScopeDispose(() => (gone = true));

  return { phase, queue, file, sent, waiting, problem, add, skip, again: () => void run() };
}

export type ClipUpload = ReturnType<typeof useClipUpload>;
