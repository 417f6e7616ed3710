/** What the workshop's HTTP answers with: docs/http.md, name by name. Times are UTC epoch milliseconds. */
import type { Named } from '@/api/types';
import type { Snippet } from './snippet';

export const KINDS = ['jiaoyanzu', 'mingshi'] as const;
export type GroupKind = (typeof KINDS)[number];
export const STAGES = ['学前', '小学', '初中', '高中', '不分学段'] as const;
export type Stage = (typeof STAGES)[number];
export type MemberRole = 'lead' | 'member' | 'guest';
export type Role = MemberRole | 'plan_lead' | 'region_manager' | 'stranger';

export interface Group {
  id: string;
  kind: GroupKind;
  name: string;
  subject: string;
  stage: Stage;
  rules: string;
  rules_version: number;
  state: 'open' | 'closed';
  reason: string;
  created_ms: number;
  changed_ms: number;
}

export interface Mine {
  group: Group;
  role: Role;
  people: number;
  schools: number;
  is_confirmed: boolean;
}

export interface Member {
  group_id: string;
  person: Named;
  school: Named | null;
  region: string;
  is_rural: boolean;
  role: MemberRole;
  since_ms: number;
  left_ms: number | null;
  /** The version of the rules that they agreed to; 0: none yet. */
  confirmed: number;
}

export interface Invitation {
  id: string;
  group_id: string;
  group_name: string;
  person: Named;
  school: Named | null;
  role: MemberRole;
  by: Named;
  note: string;
  made_ms: number;
  expires_ms: number;
}

export interface Rules {
  version: number;
  text: string;
  by: Named;
  made_ms: number;
}

export interface GroupSheet {
  group: Group;
  role: Role;
  rights: string[];
  members: Member[];
  former: Member[];
  invitations: Invitation[];
  rules: Rules[];
}

/** That a teacher of the manager's school is in a group. */
export interface AtSchool {
  member: Member;
  group_name: string;
}

export interface Candidate {
  person: Named;
  school: Named | null;
  region: string;
}

export interface Activity {
  id: number;
  ts_ms: number;
  kind: string;
  actor_id: string;
  actor: string;
  school: string;
  plan_id: string;
  lesson_id: string;
  object_id: string;
  data: Record<string, unknown>;
}

export const GATHERINGS = ['planning', 'observing', 'conference', 'talk', 'other'] as const;
export type GatheringKind = (typeof GATHERINGS)[number];

export interface GatheringDraft {
  kind: GatheringKind;
  title: string;
  starts_ms: number;
  minutes: number;
  place: string;
  link: string;
  plan_id: string;
  note: string;
}

export interface Gathering extends GatheringDraft {
  id: string;
  group_id: string;
  group_name: string;
  by: Named;
  series_id: string;
  revision: number;
  cancelled_ms: number | null;
  reason: string;
  coming: { person: Named; school: string; comes: boolean }[];
}

export interface Busy {
  person: Named;
  what: 'lesson' | 'gathering';
  title: string;
  starts_ms: number;
  minutes: number;
}

export interface Shown {
  gathering: Gathering;
  comes: boolean | null;
  may_change: boolean;
  clashes: Busy[];
}

export interface MonthFigure {
  /** 2026-11. */
  month: string;
  held: number;
  substantive: number;
  schools: { school_id: string; school: string; sessions: number }[];
}

/** Final plans, those of them written across regions, and how many of these the west led: a 95 % interval. */
export interface WesternLead {
  plans: number;
  across: number;
  led: { count: number; of: number; part: number; low: number; high: number };
}

export interface Feed {
  kind: 'group' | 'workshop';
  id: string;
  name: string;
  url: string;
}

export type Scope = 'group' | 'school' | 'region';

export interface Template {
  id: string;
  scope: Scope;
  owner_id: string;
  owner: string;
  name: string;
  subject: string;
  version: number;
  by: Named;
  changed_ms: number;
}

export interface ListedTemplate {
  template: Template;
  may_change: boolean;
}

export interface TemplateSheet extends ListedTemplate {
  text: string;
  steps: number;
  versions: { version: number; by: Named; made_ms: number }[];
}

export interface PlanCover {
  id: string;
  group_id: string;
  title: string;
  subject: string;
  grade: string;
  edition: string;
  lead: Named;
  state: 'draft' | 'finalised' | 'archived';
  changed_ms: number;
}

export interface Due {
  kind: 'task' | 'item' | 'mention';
  id: string;
  text: string;
  /** ISO 8601 day. */
  due: string | null;
  group_id: string;
  plan_id: string;
  plan: string;
  review_id: string;
}

/** A plan of the library, found by words or listed. */
export interface Hit {
  id: string;
  title: string;
  /** The title with what was looked for. */
  shown: Snippet;
  /** Empty when nothing was looked for. */
  snippet: Snippet;
  subject: string;
  grade: string;
  /** Who leads it. */
  by: string;
  /** The group that it is of. */
  owner: string;
  state: PlanCover['state'];
  changed_ms: number;
}
