/** What the HTTP interface answers with: docs/http.md, name by name. Times are ISO 8601 UTC unless `_ms`. */
import type { LessonState, MediaPath, Role, Rung } from '@/generated/messages';

export interface Named {
  id: string;
  name: string;
}

export type SchoolKind = 'urban' | 'rural';

export interface Me {
  id: string;
  username: string;
  name: string;
  school: (Named & { kind: SchoolKind }) | null;
  is_manager: boolean;
}

export interface Device {
  id: string;
  /** Six digits that a teacher types once; null when paired. */
  code: string | null;
  paired: boolean;
  classroom: Named | null;
  school: Named | null;
}

export interface DemoAccount {
  username: string;
  name: string;
  role_label: string;
  school: string;
}

export interface Hello {
  version: string;
  demo: boolean;
  demo_accounts: DemoAccount[];
  me: Me | null;
  device: Device | null;
  media: { udp_port: number };
  time: string;
}

/** What a school lets each of its devices use in a lesson. */
export interface DataCap {
  ceiling_kbps: number | null;
  video: boolean;
}

export type SchoolRight =
  | 'add_classroom'
  | 'pair_screen'
  | 'set_data_cap'
  | 'see_figures'
  | 'export_figures'
  | 'see_roster'
  | 'edit_roster'
  | 'set_bells'
  | 'plan_own'
  | 'plan_any';

export interface School extends Named {
  kind: SchoolKind;
  region: string;
  classrooms: (Named & { paired: boolean })[];
  data_cap: DataCap;
  /** What the asker may do with it. */
  rights: SchoolRight[];
}

/** How a lesson went at one seat. Percentages are null when there was nothing to measure. */
export interface Figure {
  peer: string;
  role: Role;
  name: string;
  school: string;
  watched_s: number;
  video_stall_pct: number | null;
  paused_pct: number | null;
  audio_concealed_pct: number | null;
  mean_height: number | null;
  rungs: Record<Rung, number | null>;
  megabytes: number;
  path: MediaPath;
  limited: boolean;
}

export interface LessonClassroom extends Named {
  school: Named;
  online: boolean;
}

export interface Lesson {
  id: string;
  title: string;
  subject: string;
  state: LessonState;
  starts_at: string;
  planned_minutes: number;
  lecturer: Named;
  lecturer_school: Named;
  paired_school: Named | null;
  classrooms: LessonClassroom[];
  pages: number;
  /** What the asker may enter as. */
  roles: Role[];
  seats: { classrooms_online: number; people_online: number };
  recording_id: string | null;
  /** Whether the asker may see how it went. */
  figures: boolean;
}

export interface NewLesson {
  title: string;
  subject: string;
  starts_at: string;
  planned_minutes: number;
  classroom_ids: string[];
  paired_school_id: string | null;
  open_to_observers: boolean;
}

export interface RoomToken {
  token: string;
  expires_s: number;
  ice_servers: RTCIceServer[];
  roles: Role[];
}

export type RecordingState = 'recording' | 'ended' | 'finalising' | 'ready' | 'failed';

export interface Rendition {
  name: 'lecturer' | 'low' | 'screen' | 'guest' | 'audio' | 'light';
  url: string;
  mime: string;
  bytes: number;
  duration_ms: number;
  width: number;
  height: number;
}

export interface Recording {
  id: string;
  /** Of a meeting: that meeting's. */
  lesson_id: string;
  kind: 'lesson' | 'meeting';
  title: string;
  subject: string;
  lecturer: Named;
  school: Named;
  recorded_at: string;
  state: RecordingState;
  progress_pct: number;
  /** What is being made, while it is; a name of recorder/finalise.py. */
  step: string;
  detail: string;
  duration_ms: number;
  bytes: number;
  poster_url: string | null;
  renditions: Rendition[];
  chapters: { start_ms: number; title: string }[];
  pages: { start_ms: number; page: number }[];
  page_url: string;
  /** Whether its licence, or the link, lets one take it away. */
  may_take: boolean;
  /** Of one recording that is asked for by itself, not of a list. */
  resource_id?: string | null;
  may_share?: boolean;
}
