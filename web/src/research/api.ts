/** The requests of the workshop's groups, calendars and templates: docs/http.md. Every failure is an ApiError. */
import { request } from '@/api/client';
import type { Named } from '@/api/types';
import type { Snippet } from './snippet';
import type {
  Activity,
  AtSchool,
  Busy,
  Candidate,
  Due,
  Feed,
  GatheringDraft,
  GroupKind,
  GroupSheet,
  Hit,
  Invitation,
  ListedTemplate,
  MemberRole,
  Mine,
  MonthFigure,
  PlanCover,
  Scope,
  Shown,
  Stage,
  TemplateSheet,
  WesternLead,
} from './types';

const at = encodeURIComponent;
const group = (id: string, ...tail: string[]): string => ['/api/groups', at(id), ...tail.map(at)].join('/');

async function items<T>(path: string): Promise<T[]> {
  return (await request<{ items: T[] }>('GET', path)).items;
}

interface Page<T> {
  items: T[];
  next: number | null;
}

/** `isWhole`: false while the index is still being made, so that something may be missing. */
interface Hits extends Page<Hit> {
  isWhole: boolean;
}

/** What the search answers: docs/http.md. */
interface Found extends Omit<Hit, 'title' | 'shown'> {
  title: Snippet;
}

interface Shelved extends Omit<PlanCover, 'lead'> {
  lead: Named;
  school: string;
  group: string;
}

function hitOfShelf(one: Shelved): Hit {
  const { id, title, subject, grade, state, changed_ms } = one;
  const by = one.school ? `${one.school} ${one.lead.name}` : one.lead.name;
  const shown = { text: title, marks: [] };
  return {
    id,
    title,
    shown,
    snippet: { text: '', marks: [] },
    subject,
    grade,
    by,
    owner: one.group,
    state,
    changed_ms,
  };
}

function queryOf(values: Record<string, string | number>): string {
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(values)) if (value) query.set(name, String(value));
  return query.toString();
}

export interface NewPlan {
  group_id: string;
  title: string;
  subject: string;
  grade: string;
  edition: string;
  template_id: string | null;
  previous_plan_id: string | null;
}

export const researchApi = {
  home: () => request<{ items: Mine[]; invitations: Invitation[] }>('GET', '/api/groups'),
  allGroups: () => items<Mine>('/api/groups?all=1'),
  atSchool: () => items<AtSchool>('/api/groups/at-school'),
  due: () => items<Due>('/api/research/due'),
  makeGroup: (kind: GroupKind, name: string, subject: string, stage: Stage) =>
    request<GroupSheet>('POST', '/api/groups', { kind, name, subject, stage }),
  group: (id: string) => request<GroupSheet>('GET', group(id)),
  edit: (id: string, name: string, subject: string, stage: Stage) =>
    request<GroupSheet>('PUT', group(id), { name, subject, stage }),
  setRules: (id: string, text: string, version: number) =>
    request<GroupSheet>('PUT', group(id, 'rules'), { text, version }),
  confirm: (id: string, version: number) =>
    request<GroupSheet>('POST', group(id, 'rules', 'confirm'), { version }),
  candidates: (id: string, words: string) =>
    items<Candidate>(`${group(id, 'candidates')}?words=${at(words)}`),
  invite: (id: string, person: string, role: MemberRole, note: string) =>
    request<GroupSheet>('POST', group(id, 'invitations'), { person_id: person, role, note }),
  answer: (invitation: string, how: 'accept' | 'decline') =>
    request<undefined>('POST', `/api/invitations/${at(invitation)}/${how}`),
  withdraw: (invitation: string) => request<undefined>('DELETE', `/api/invitations/${at(invitation)}`),
  setRole: (id: string, person: string, role: MemberRole) =>
    request<GroupSheet>('PUT', group(id, 'members', person), { role }),
  remove: (id: string, person: string) => request<undefined>('DELETE', group(id, 'members', person), {}),
  handOver: (id: string, person: string) =>
    request<GroupSheet>('POST', group(id, 'lead'), { person_id: person }),
  close: (id: string, reason: string) => request<GroupSheet>('POST', group(id, 'close'), { reason }),
  open: (id: string) => request<GroupSheet>('POST', group(id, 'open')),
  activity: (id: string, before: number | null) =>
    request<{ items: Activity[]; next: number | null }>(
      'GET',
      group(id, 'activity') + (before === null ? '' : `?before=${before}`),
    ),
  westernLead: (id: string) =>
    request<WesternLead>('GET', `/api/research/figures/western-lead?${queryOf({ group: id })}`),
  figures: (id: string) => items<MonthFigure>(group(id, 'figures')),

  gatherings: (from: number, to: number, of: string | null = null) =>
    items<Shown>(`/api/gatherings?from_ms=${from}&to_ms=${to}${of === null ? '' : `&group=${at(of)}`}`),
  clashes: async (id: string, starts_ms: number, minutes: number): Promise<Busy[]> =>
    (await request<{ items: Busy[] }>('POST', group(id, 'gatherings', 'clashes'), { starts_ms, minutes }))
      .items,
  plan: (id: string, draft: GatheringDraft, repeats: number) =>
    request<unknown>('POST', group(id, 'gatherings'), { ...draft, repeats }),
  change: (id: string, draft: GatheringDraft, revision: number) =>
    request<unknown>('PUT', `/api/gatherings/${at(id)}`, { ...draft, revision }),
  cancel: (id: string, reason: string, following: boolean) =>
    request<undefined>('POST', `/api/gatherings/${at(id)}/cancel`, { reason, following }),
  come: (id: string, comes: boolean) =>
    request<undefined>('PUT', `/api/gatherings/${at(id)}/answer`, { comes }),
  feeds: () => items<Feed>('/api/research/calendars'),
  renewFeed: (feed: Feed) =>
    request<Feed>('POST', `/api/research/calendars/${feed.kind}/${at(feed.id)}/renew`),

  templates: () => items<ListedTemplate>('/api/plan-templates'),
  template: (id: string) => request<TemplateSheet>('GET', `/api/plan-templates/${at(id)}`),
  makeTemplate: (plan: string, name: string, scope: Scope, groupId: string, withText: boolean) =>
    request<TemplateSheet>('POST', '/api/plan-templates', {
      plan_id: plan,
      name,
      scope,
      group_id: groupId,
      with_text: withText,
    }),
  renewTemplate: (id: string, plan: string, withText: boolean) =>
    request<TemplateSheet>('POST', `/api/plan-templates/${at(id)}/versions`, {
      plan_id: plan,
      with_text: withText,
    }),
  retireTemplate: (id: string) => request<undefined>('DELETE', `/api/plan-templates/${at(id)}`),

  plans: (of: string | null = null, archived = false) =>
    request<{ items: PlanCover[]; next: number | null }>(
      'GET',
      `/api/plans?archived=${archived ? 1 : 0}${of === null ? '' : `&group=${at(of)}`}`,
    ),
  library: async (subject: string, grade: string, state: string, start: number): Promise<Hits> => {
    const found = await request<Page<Shelved>>(
      'GET',
      `/api/research/library?${queryOf({ subject, grade, state, start })}`,
    );
    return { items: found.items.map(hitOfShelf), next: found.next, isWhole: true };
  },
  search: async (words: string, subject: string, grade: string, start: number): Promise<Hits> => {
    const found = await request<Page<Found> & { is_whole: boolean }>(
      'GET',
      `/api/research/search?${queryOf({ q: words, kind: 'plan', subject, grade, start })}`,
    );
    const items = found.items.map((one) => ({ ...one, title: one.title.text, shown: one.title }));
    return { items, next: found.next, isWhole: found.is_whole };
  },
  makePlan: (plan: NewPlan) => request<PlanCover>('POST', '/api/plans', plan),
};
