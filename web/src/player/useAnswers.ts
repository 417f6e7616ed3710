/** The answers of whoever watches: kept in this browser, and told to a learning platform when one opened the lesson. */
import { ref } from 'vue';
import { givenAnswers, isRight, keepAnswers, type Given } from './answers';
import type { ClassQuestion } from './story';

/** Told an answer, and whether it is right; null: nobody can say. */
export type Told = (question: ClassQuestion, value: string, right: boolean | null) => void;

export function useAnswers(recording: string, told: Told | null = null) {
  const given = ref<Given>(givenAnswers(recording));

  function give(question: ClassQuestion, value: string): void {
    given.value = { ...given.value, [question.id]: value };
    keepAnswers(recording, given.value);
    told?.(question, value, isRight(question.kind, value, question.correct));
  }

  function takeBack(question: string): void {
    given.value = Object.fromEntries(Object.entries(given.value).filter(([id]) => id !== question));
    keepAnswers(recording, given.value);
  }

  return { given, give, takeBack, isTold: told !== null };
}

export type Answers = ReturnType<typeof useAnswers>;
