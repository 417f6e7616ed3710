/** Meetings as the server answers (server/planning/meetings/routes.py). */

export interface Someone {
  id: string;
  name: string;
}

/** Somebody with their school; empty: of the region. */
export interface Guest extends Someone {
  school: string;
}

export type MeetingKind = 'plan' | 'joint';
export type MeetingState = 'scheduled' | 'live' | 'ended' | 'cancelled';
export type EvidenceKind = 'plan_version' | 'lesson' | 'resource' | 'file';

export interface MeetingRow {
  id: string;
  group_id: string;
  plan_id: string | null;
  kind: MeetingKind;
  title: string;
  state: MeetingState;
  starts_at: string;
  planned_minutes: number;
  caller: Someone;
  school: string;
  people_online: number;
  recording_id: string | null;
  reason: string;
  /** Whether one is a guest of it, and not of the group. */
  as_guest: boolean;
}

/** The meetings of a plan or a group, and whether one may call another. */
export interface MeetingsHeld {
  items: MeetingRow[];
  may_call: boolean;
}

export interface AgendaItem {
  id: string;
  title: string;
  minutes: number;
  person: string;
}

export interface Minutes {
  text: string;
  revision: number;
  by: Someone | null;
  at: string | null;
}

export interface Evidence {
  kind: EvidenceKind;
  id: string;
  number: number;
  title: string;
  mime: string;
  bytes: number;
}

export interface Resolution {
  id: string;
  meeting_id: string;
  meeting: string;
  group_id: string;
  text: string;
  owner: Someone;
  due: string;
  state: 'open' | 'late' | 'done';
  made_by: Someone;
  evidence: Evidence | null;
  closed_by: Someone | null;
  closed_at: string | null;
}

export interface Attendee {
  person_id: string;
  name: string;
  school: string;
  minutes: number;
  heard: boolean;
  acts: number;
}

export interface Substance {
  schools: string[];
  minutes: boolean;
  resolutions: number;
  versions: number;
  is_substantive: boolean;
}

export interface Meeting extends MeetingRow {
  group: string;
  rights: string[];
  /** What this answer is known by: asking with it again gives nothing while nothing changed. */
  tag: string;
  /** What one is in its room. */
  seat: 'convener' | 'member';
  agenda: { items: AgendaItem[]; revision: number; item: string; item_since: string | null };
  minutes: Minutes;
  resolutions: Resolution[];
  people: Guest[];
  guests: Guest[];
  attendees: Attendee[];
  substance: Substance | null;
}

export interface NewMeeting {
  title: string;
  kind: MeetingKind;
  group_id?: string;
  plan_id?: string | null;
  starts_at?: string | null;
  minutes: number;
  guests?: string[];
}

export interface NewResolution {
  text: string;
  owner_id: string;
  due: string;
}
