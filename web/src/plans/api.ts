/** The requests of lesson plans: docs/http.md. Every failure is an ApiError. */
import { request } from '@/api/client';
import type { Named } from '@/api/types';
import type { Anchor } from './editor/anchors';
import type { Author } from './types';

export type PlanState = 'draft' | 'finalised' | 'archived';

export interface Plan {
  id: string;
  group_id: string;
  group: Named & { kind: 'jiaoyanzu' | 'mingshi' };
  title: string;
  subject: string;
  grade: string;
  edition: string;
  /** 主备人. */
  lead: Named;
  state: PlanState;
  generation: number;
  revision: number;
  lesson_ids: string[];
  created_ms: number;
  changed_ms: number;
  rights: string[];
  may_write: boolean;
}

export interface Reply {
  id: string;
  by: Named;
  text: string;
  made_ms: number;
}

export interface Comment {
  id: string;
  kind: 'comment' | 'suggestion';
  by: Named;
  text: string;
  /** Null: of the whole plan. */
  anchor: Anchor | null;
  replacement: string | null;
  made_ms: number;
  resolved_ms: number | null;
  resolved_by: Named | null;
  outcome: '' | 'accepted' | 'declined';
  replies: Reply[];
}

export interface NewComment {
  kind: Comment['kind'];
  text: string;
  anchor: Anchor | null;
  replacement: string | null;
  /** Ids of whom it names. */
  mentions: string[];
}

/** That somebody named us. */
export interface Mention {
  by: Named;
  where: 'text' | 'comment';
  /** Of a comment. */
  text: string;
  made_ms: number;
}

export interface Task {
  id: string;
  text: string;
  owner: Named;
  /** ISO 8601 day. */
  due: string | null;
  by: Named;
  made_ms: number;
  done_ms: number | null;
  done_by: Named | null;
}

export interface Version {
  number: number;
  name: string;
  by: Named;
  made_ms: number;
  is_final: boolean;
  characters: number;
}

const at = encodeURIComponent;
const one = (id: string, ...tail: (string | number)[]): string =>
  ['/api/plans', at(id), ...tail.map(at)].join('/');

/** A stretch of two texts laid side by side. */
export interface Change {
  kind: 'same' | 'added' | 'removed' | 'changed';
  before: string[];
  after: string[];
  /** Of a line that was changed: its letters, both in one. */
  parts: { kind: 'same' | 'added' | 'removed'; text: string }[];
}

export interface Share {
  id: string;
  name: string;
  characters: number;
  /** Of 1. */
  part: number;
  /** Of a person. */
  school: string;
  region: string;
  is_western: boolean;
}

/** Who wrote the plan, and whether the west led it, with what that is decided by. */
export interface Shares {
  characters: number;
  people: Share[];
  schools: Share[];
  regions: Share[];
  led: {
    is_final: boolean;
    lead: string;
    lead_school: string;
    lead_region: string;
    is_lead_western: boolean;
    western_part: number;
    /** Those that wrote a part worth the name. */
    regions: string[];
    by_lead: boolean;
    by_share: boolean;
    by_regions: boolean;
    is_led: boolean;
  };
  /** Characters that are nobody's. */
  not_counted: { template: number; copied: number };
}

async function items<T>(path: string): Promise<T[]> {
  return (await request<{ items: T[] }>('GET', path)).items;
}

/** Return who is in a group now. */
export async function groupPeople(group: string): Promise<Author[]> {
  const sheet = await request<{ members: { person: Named; school: Named | null; left_ms: number | null }[] }>(
    'GET',
    `/api/groups/${at(group)}`,
  );
  return sheet.members
    .filter((one) => one.left_ms === null)
    .map(({ person, school }) => ({ ...person, school: school?.name ?? '' }));
}

export const planApi = {
  get: (id: string) => request<Plan>('GET', one(id)),
  change: (
    plan: Pick<Plan, 'id' | 'revision'>,
    to: Partial<Pick<Plan, 'title' | 'state' | 'subject' | 'grade' | 'edition'> & { lead_id: string }>,
  ) => request<Plan>('PATCH', one(plan.id), { revision: plan.revision, ...to }),

  comments: (id: string) => items<Comment>(one(id, 'comments')),
  comment: (id: string, comment: NewComment) => request<Comment>('POST', one(id, 'comments'), comment),
  reply: (id: string, comment: string, text: string, mentions: string[]) =>
    request<Comment>('POST', one(id, 'comments', comment, 'replies'), { text, mentions }),
  /** `resolve` and `reopen`; `accept` and `decline` a suggestion. */
  settle: (id: string, comment: string, act: 'resolve' | 'reopen' | 'accept' | 'decline') =>
    request<Comment>('POST', one(id, 'comments', comment, act), {}),
  removeComment: (id: string, comment: string) => request<undefined>('DELETE', one(id, 'comments', comment)),

  mention: (id: string, person: string) =>
    request<undefined>('POST', one(id, 'mentions'), { person_id: person }),
  lookAtMentions: async (id: string) =>
    (await request<{ items: Mention[] }>('POST', one(id, 'mentions', 'seen'), {})).items,

  tasks: (id: string) => items<Task>(one(id, 'tasks')),
  addTask: (id: string, task: { text: string; owner_id: string; due: string | null }) =>
    request<Task>('POST', one(id, 'tasks'), task),
  finishTask: (id: string, task: string, done: boolean) =>
    request<Task>('PATCH', one(id, 'tasks', task), { done }),
  removeTask: (id: string, task: string) => request<undefined>('DELETE', one(id, 'tasks', task)),

  versions: (id: string) => items<Version>(one(id, 'versions')),
  makeVersion: (id: string, name: string, isFinal: boolean) =>
    request<Version>('POST', one(id, 'versions'), { name, is_final: isFinal }),
  restore: (id: string, number: number) =>
    request<unknown>('POST', one(id, 'versions', number, 'restore'), {}),

  /** Make the document anew, with the same words and authors and without its history. */
  renew: (id: string) => request<undefined>('POST', one(id, 'renew'), {}),

  shares: (id: string) => request<Shares>('GET', one(id, 'shares')),
  compare: (id: string, number: number, other: number | null) =>
    items<Change>(`${one(id, 'versions', number, 'compare')}${other === null ? '' : `?with=${other}`}`),
  addPicture: (id: string, file: Blob) => request<{ url: string }>('POST', one(id, 'pictures'), file),
};
