/** Questions over HTTP: what is prepared, what came of it, photos (docs/http.md). */
import { request } from '@/api/client';
import type { CountHands, GiveAnswers, QuestionKind } from '@/generated/messages';

export interface PreparedQuestion {
  /** Empty for a new one. */
  id: string;
  kind: QuestionKind;
  title: string;
  options: readonly string[];
  /** 0: of no page. */
  page: number;
  exit_ticket: boolean;
  /** The correct value; empty when there is none, or when the reader may not know it. */
  answer: string;
}

export interface PreparedList {
  version: string;
  items: PreparedQuestion[];
}

export interface AskedQuestion extends PreparedQuestion {
  prepared: string;
  t_ms: number;
}

export interface Results {
  questions: readonly AskedQuestion[];
  classrooms: readonly {
    id: string;
    name: string;
    school: string;
    pupils: readonly { id: string; number: number; name: string }[];
  }[];
  answers: readonly { question: string; classroom: string; pupil: string; value: string; late: boolean }[];
  hands: readonly {
    question: string;
    classroom: string;
    counts: readonly number[];
    answered: number;
    of: number;
  }[];
}

const lesson = (id: string): string => `/api/lessons/${encodeURIComponent(id)}`;

export const photoAddress = (id: string, photo: string): string => `${lesson(id)}/photos/${photo}`;
export const resultsAddress = (id: string, kind: 'csv' | 'xlsx'): string => `${lesson(id)}/results.${kind}`;

export const quizApi = {
  prepared: (id: string) => request<PreparedList>('GET', `${lesson(id)}/questions`),
  prepare: (id: string, list: PreparedList) => request<PreparedList>('PUT', `${lesson(id)}/questions`, list),
  copy: (id: string, from: string) =>
    request<PreparedList>('POST', `${lesson(id)}/questions/copy`, { lesson_id: from }),
  results: (id: string) => request<Results>('GET', `${lesson(id)}/results`),
  giveLate: (id: string, batch: GiveAnswers | CountHands) =>
    request<{ is_new: boolean }>('POST', `${lesson(id)}/answers`, batch),
  addPhoto: (id: string, classroom: string, photo: Blob) =>
    request<{ id: string }>('POST', `${lesson(id)}/photos?classroom=${encodeURIComponent(classroom)}`, photo),
};
