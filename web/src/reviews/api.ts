/** The requests of reviews, of teaching by a plan and of the chain: docs/http.md. Every failure is an ApiError. */
import { request } from '@/api/client';
import type { RubricBody } from './rubricDraft';
import type {
  Chain,
  Heard,
  Improvement,
  Laid,
  LessonBrief,
  Note,
  Outline,
  Review,
  ReviewBrief,
  Rubric,
  Taken,
} from './types';

const at = encodeURIComponent;
const review = (id: string, ...tail: string[]): string => ['/api/reviews', at(id), ...tail.map(at)].join('/');
const lesson = (id: string, tail: string): string => `/api/lessons/${at(id)}/${tail}`;
const plan = (id: string, tail: string): string => `/api/plans/${at(id)}/${tail}`;

async function items<T>(path: string): Promise<T[]> {
  return (await request<{ items: T[] }>('GET', path)).items;
}

export interface NewReview {
  group_id: string;
  rater_ids: string[];
  rubric_id: string;
  rubric_version: number;
}

export interface Evidence {
  plan_id: string;
  version: number;
  lesson_id: string;
  how: string;
}

export interface NewLesson {
  starts_at: string;
  planned_minutes: number;
  classroom_ids: string[];
  paired_school_id: string | null;
  open_to_observers: boolean;
}

export const reviewApi = {
  ofLesson: (id: string) =>
    request<{ lesson: LessonBrief; items: ReviewBrief[] }>('GET', lesson(id, 'reviews')),
  begin: (id: string, body: NewReview) => request<Review>('POST', lesson(id, 'reviews'), body),
  rubrics: (group: string) => items<Rubric>(`/api/groups/${at(group)}/rubrics`),
  saveRubric: (group: string, body: RubricBody) =>
    request<Rubric>('POST', `/api/groups/${at(group)}/rubrics`, body),
  get: (id: string) => request<Review>('GET', review(id)),
  setRaters: (id: string, rater_ids: string[]) => request<Review>('PUT', review(id, 'raters'), { rater_ids }),
  score: (id: string, scores: Record<string, number>) =>
    request<undefined>('PUT', review(id, 'scores'), { scores }),
  handIn: (id: string, remark: string) => request<Review>('POST', review(id, 'hand-in'), { remark }),
  open: (id: string) => request<Review>('POST', review(id, 'open')),
  addNote: (id: string, at_ms: number, clock: Note['clock'], item: string, text: string) =>
    request<Note>('POST', review(id, 'notes'), { at_ms, clock, item, text }),
  changeNote: (id: string, note: Note, item: string, text: string) =>
    request<undefined>('PUT', review(id, 'notes', note.id), { item, text }),
  removeNote: (id: string, note: string) => request<undefined>('DELETE', review(id, 'notes', note)),
  accept: (id: string, note: string, text: string, owner_id: string, due_day: string) =>
    request<Improvement>('POST', review(id, 'notes', note, 'accept'), { text, owner_id, due_day }),
  decline: (id: string, note: string, answer: string) =>
    request<undefined>('POST', review(id, 'notes', note, 'decline'), { answer }),
  picture: (id: string, again = false) =>
    request<Heard>('GET', `${review(id, 'picture')}${again ? '?again=1' : ''}`),
  itemsOfReview: (id: string) => items<Improvement>(review(id, 'improvements')),
  itemsOfPlan: (id: string) => items<Improvement>(plan(id, 'improvements')),
  itemsOfLesson: (id: string) => items<Improvement>(lesson(id, 'improvements')),
  close: (item: string, evidence: Evidence) =>
    request<Improvement>('POST', `/api/improvements/${at(item)}/close`, evidence),
  outline: (id: string) => request<Outline>('GET', plan(id, 'outline')),
  teach: (id: string, version: number, where: { lesson_id: string } | { lesson: NewLesson }) =>
    request<Taken>('POST', plan(id, 'lessons'), { version, ...where }),
  segments: (id: string) => request<Laid>('GET', lesson(id, 'segments')),
  chainOfPlan: (id: string) => request<Chain>('GET', plan(id, 'chain')),
  chainOfLesson: (id: string) => request<Chain>('GET', lesson(id, 'chain')),
};
