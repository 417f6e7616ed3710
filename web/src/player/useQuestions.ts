/** The question that the teacher asks just now in the recording, offered to whoever watches. */
import { computed, ref, watch } from 'vue';
import type { Playback } from './playback';
import type { ClassQuestion } from './story';
import type { Answers } from './useAnswers';
import type { Lesson } from './useLesson';

const OFFERED_MS = 60_000; // a question is offered this long after it was asked

export function useQuestions(playback: Playback, lesson: Lesson, answers: Answers) {
  const { state } = playback;
  const stops = ref(false);
  const passed = ref<ReadonlySet<string>>(new Set());
  const isOpenQuestion = (one: ClassQuestion): boolean =>
    answers.given.value[one.id] === undefined && !passed.value.has(one.id);

  const offered = computed<ClassQuestion | null>(() => {
    const at = state.current;
    const latest = [...lesson.questions.value].reverse().find((one) => one.start_ms <= at);
    return latest && at - latest.start_ms < OFFERED_MS && isOpenQuestion(latest) ? latest : null;
  });

  /** Stop where a question is asked, when it is reached by playing and not by a leap. */
  watch(
    () => state.current,
    (at, before) => {
      if (!stops.value || !state.wanted || at < before || at - before > 1_000) return;
      const reached = lesson.questions.value.find((one) => before < one.start_ms && one.start_ms <= at);
      if (reached && isOpenQuestion(reached)) playback.pause();
    },
  );

  function pass(question: ClassQuestion): void {
    passed.value = new Set([...passed.value, question.id]);
  }

  return { stops, offered, pass };
}
