/** What HTTP says of reviews, teaching by a plan and the chain: docs/http.md, name by name. */
import type { Named } from '@/api/types';
import type { Segment, SegmentLeader } from '@/generated/messages';

export type May = 'rate' | 'lead' | 'decide' | 'close';

export interface ReviewBrief {
  id: string;
  lesson_id: string;
  title: string;
  group: Named;
  begun_at: string;
  by: Named;
  is_open: boolean;
  opened_at: string | null;
  handed_in: number;
  count: number;
  is_rater: boolean;
  has_handed_in: boolean;
  is_taught_by: boolean;
  may: May[];
}

export type Side = 'main' | 'remote' | 'both';

export interface RubricItem {
  id: string;
  area: string;
  side: Side;
  text: string;
  hint: string;
}

export interface Rubric {
  id: string;
  version: number;
  title: string;
  items: RubricItem[];
  levels: string[];
  note: string;
}

export interface Note {
  id: string;
  by: Named;
  at_ms: number;
  clock: 'lesson' | 'recording';
  item: string;
  text: string;
  made_at: string;
  verdict: '' | 'accepted' | 'declined';
  answer: string;
}

export interface Rater {
  person: Named;
  school: string;
  handed_at: string | null;
  remark: string;
}

export interface ItemSpread {
  item: string;
  values: number[];
  mean: number;
  spread: number;
}

export interface Agreement {
  raters: number;
  items: number;
  alpha: number | null;
  icc_single: number | null;
  icc_mean: number | null;
  exact_pct: number | null;
  near_pct: number | null;
  is_small: boolean;
  spreads: ItemSpread[];
}

export interface LessonBrief {
  id: string;
  title: string;
  subject: string;
  state: 'scheduled' | 'live' | 'ended';
  starts_at: string;
  lecturer: Named;
  school: string;
  classrooms: { name: string; school: string }[];
}

export interface Review extends ReviewBrief {
  lesson: LessonBrief;
  recording_id: string | null;
  plan_id: string;
  plan_title: string;
  plan_version: number;
  rubric: Rubric;
  raters: Rater[];
  /** The own id when one rates. */
  own_id: string;
  notes: Note[];
  scores: Record<string, Record<string, number>>;
  agreement: Agreement | null;
}

export interface Improvement {
  id: string;
  group_id: string;
  plan_id: string;
  plan_version: number;
  lesson_id: string;
  review_id: string;
  note_id: string;
  text: string;
  owner: Named;
  due_day: string;
  made_at: string;
  closed_at: string | null;
  closed_by: Named | null;
  by_plan_id: string;
  by_version: number;
  by_lesson_id: string;
  how: string;
}

export interface RoomTalk {
  name: string;
  school: string;
  is_main: boolean;
  talk_ms: number;
  turns: number;
  hands: number;
  called: number;
}

export interface Picture {
  duration_ms: number;
  main_ms: number;
  remote_ms: number;
  together_ms: number;
  quiet_ms: number;
  rooms: RoomTalk[];
  questions: number;
  calls: number;
  hands: number;
  wait_ms: number | null;
  unanswered: number;
  replies: number;
  reply_ms: number | null;
  minutes: { start_ms: number; main_ms: number; remote_ms: number }[];
}

export interface Heard {
  state: 'ready' | 'computing' | 'failed';
  detail: string;
  picture: Picture | null;
}

export interface Outline {
  plan_id: string;
  title: string;
  subject: string;
  version: number;
  segments: Segment[];
  questions: { title: string; kind: string; page: number }[];
  deck_id: string;
  left_out: string[];
}

export interface Taken {
  lesson_id: string;
  title: string;
  version: number;
  deck_title: string;
  left_out: string[];
}

export interface SegmentTime {
  id: string;
  title: string;
  leader: SegmentLeader;
  planned_ms: number;
  taught_ms: number;
  visits: [number, number][];
}

export interface Laid {
  lesson: {
    id: string;
    title: string;
    state: 'scheduled' | 'live' | 'ended';
    starts_at: string;
    planned_minutes: number;
    lecturer: string;
  };
  plan: { id: string; title: string; version: number } | null;
  segments: SegmentTime[];
  lasted_ms: number;
  is_over: boolean;
}

export interface ChainLesson extends LessonBrief {
  version: number;
  is_open: boolean;
  recording: { id: string; state: string; duration_ms: number } | null;
  reviews: ReviewBrief[];
}

export interface ChainPlan {
  id: string;
  title: string;
  subject: string;
  grade: string;
  state: 'draft' | 'finalised' | 'archived';
  lead: string;
  previous_plan_id: string | null;
  versions: { number: number; name: string; is_final: boolean; made_at: string }[];
  lessons: ChainLesson[];
  items: Improvement[];
  open_items: number;
}

export interface Chain {
  focus: string;
  plans: ChainPlan[];
  lesson: ChainLesson | null;
}
