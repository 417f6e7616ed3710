/** What this page answers for its classroom: shown at once, kept on the device, sent whenever the line is there. */
import { defineStore } from 'pinia';
import { computed, ref, shallowRef, watch } from 'vue';
import { ApiError } from '@/api/client';
import type { Answer, ClassroomId, PupilId, QuestionId, Roster } from '@/generated/messages';
import { useLesson } from '@/live/store';
import { LessonError } from '@/session/errors';
import { quizApi } from './api';
import { FINAL, FINAL_PHOTO } from './finality';
import type { Batch, Outbox, Sent } from './outbox';
import { outboxOf } from './outboxes';
import { keyOf, photos, type KeptPhoto } from './photoStore';
import { currentQuestion } from './quiz';

const AGAIN_MS = 3_000; // while something waits

export const useAnswers = defineStore('answers', () => {
  const lesson = useLesson();
  let box: Outbox | null = null;
  let timer = 0;
  let photosGo = false;
  const lessonId = ref('');
  const classroom = ref<ClassroomId>('');
  const waiting = shallowRef<readonly Batch[]>([]);
  const keptPhotos = shallowRef<readonly KeptPhoto[]>([]);
  const refused = ref<{ count: number; why: string } | null>(null);

  const asked = computed(() => (lesson.room ? currentQuestion(lesson.room.quiz) : null));
  const roster = computed<Roster | null>(
    () => lesson.room?.rosters.find((one) => one.classroom === classroom.value) ?? null,
  );
  /** The answers of the classroom to the question that is on: what the lesson has, and above it what waits here. */
  const values = computed<ReadonlyMap<PupilId, string>>(() => {
    const id = asked.value?.question.id;
    const sheet = lesson.room?.quiz.sheets.find(
      (one) => one.question === id && one.classroom === classroom.value,
    );
    const all = new Map((sheet?.answers ?? []).map((one) => [one.pupil, one.value]));
    for (const batch of waiting.value)
      if (batch.question === id) for (const { pupil, value } of batch.answers) all.set(pupil, value);
    return new Map([...all].filter(([, value]) => value !== ''));
  });
  const pending = computed(
    () =>
      waiting.value.reduce((all, batch) => all + Math.max(1, batch.answers.length), 0) +
      keptPhotos.value.length,
  );

  /** Answer for this classroom from now on. */
  function open(lessonCode: string, room: ClassroomId): void {
    if (lessonCode === lessonId.value && room === classroom.value) return;
    [lessonId.value, classroom.value] = [lessonCode, room];
    box = outboxOf(lessonCode, room);
    waiting.value = [...box.waiting];
    void readPhotos().then(send);
  }

  function give(question: QuestionId, answers: readonly Answer[]): void {
    if (answers.length === 0) return;
    refused.value = null;
    box?.give(question, answers);
    void send();
  }

  function countHands(question: QuestionId, counts: readonly number[], of: number): void {
    refused.value = null;
    box?.countHands(question, counts, of);
    void send();
  }

  async function givePhoto(question: QuestionId, pupil: PupilId, photo: Blob): Promise<void> {
    const kept = {
      key: keyOf(lessonId.value, question, pupil),
      lesson: lessonId.value,
      classroom: classroom.value,
      question,
      pupil,
      photo,
    };
    await photos.put(kept);
    keptPhotos.value = [...keptPhotos.value.filter((one) => one.key !== kept.key), kept];
    await send();
  }

  async function readPhotos(): Promise<void> {
    const all = await photos.of(lessonId.value);
    keptPhotos.value = all.filter((one) => one.classroom === classroom.value);
  }

  async function send(): Promise<void> {
    window.clearTimeout(timer);
    if (!box) return;
    waiting.value = [...box.waiting];
    if (lesson.phase === 'live') {
      await sendPhotos();
      const why = await box.flush(sendBatch);
      if (why.length > 0) refused.value = { count: why.length, why: why[why.length - 1] ?? '' };
      waiting.value = [...box.waiting];
    }
    if (pending.value > 0) timer = window.setTimeout(() => void send(), AGAIN_MS);
  }

  async function sendBatch(batch: Batch, source: string): Promise<Sent> {
    const common = { question: batch.question, source, revision: batch.revision, classroom: classroom.value };
    try {
      if (batch.hands) await lesson.ask({ type: 'count_hands', ...common, ...batch.hands });
      else await lesson.ask({ type: 'give_answers', ...common, answers: batch.answers });
      return 'taken';
    } catch (error) {
      const final = error instanceof LessonError && FINAL.has(error.code);
      return final ? { refused: error.message } : 'again';
    }
  }

  async function sendPhotos(): Promise<void> {
    if (photosGo) return;
    photosGo = true;
    await sendEachPhoto().finally(() => (photosGo = false));
  }

  async function sendEachPhoto(): Promise<void> {
    for (const kept of keptPhotos.value) {
      try {
        const { id } = await quizApi.addPhoto(kept.lesson, kept.classroom, kept.photo);
        box?.give(kept.question, [{ pupil: kept.pupil, value: id }]);
      } catch (error) {
        if (!(error instanceof ApiError) || !FINAL_PHOTO.has(error.code)) return; // with the next attempt
        refused.value = { count: 1, why: error.message };
      }
      keptPhotos.value = keptPhotos.value.filter((one) => one !== kept);
      await photos.remove(kept);
    }
  }

  watch(
    () => lesson.phase,
    (phase) => phase === 'live' && void send(),
  );

  return {
    classroom,
    asked,
    roster,
    values,
    pending,
    keptPhotos,
    refused,
    open,
    give,
    countHands,
    givePhoto,
  };
});
