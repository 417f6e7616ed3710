/** The answers of whoever watches: kept in this browser, never sent. */
import { ref } from 'vue';
import { givenAnswers, keepAnswers, type Given } from './answers';

export function useAnswers(recording: string) {
  const given = ref<Given>(givenAnswers(recording));

  function give(question: string, value: string): void {
    given.value = { ...given.value, [question]: value };
    keepAnswers(recording, given.value);
  }

  function takeBack(question: string): void {
    given.value = Object.fromEntries(Object.entries(given.value).filter(([id]) => id !== question));
    keepAnswers(recording, given.value);
  }

  return { given, give, takeBack };
}

export type Answers = ReturnType<typeof useAnswers>;
