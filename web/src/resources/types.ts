/** Resources as docs/http.md has them. */

export const SUBJECTS = [
  ...['语文', '数学', '英语', '科学', '道德与法治', '物理', '化学', '生物', '历史', '地理'],
  ...['音乐', '美术', '艺术', '体育与健康', '信息科技', '劳动', '综合实践', '心理健康', '其他'],
] as const;
export const GRADES = [
  ...['学前', '一年级', '二年级', '三年级', '四年级', '五年级', '六年级'],
  ...['七年级', '八年级', '九年级', '高一', '高二', '高三', '不分年级'],
] as const;
export const TIERS = ['basic', 'developing', 'innovative'] as const;
export const FLOWS = ['shared', 'paid', 'donated'] as const;
export const AUDIENCES = ['school', 'pairing', 'region', 'public'] as const;
export const SCOPES = ['school', 'region', 'public'] as const;
export const LANGUAGES = ['zh-CN', 'en', 'bo', 'ug', 'mn', 'ii', 'za', 'ko'] as const;
export const ROLES = [
  ...(['lecturer', 'local_teacher', 'author', 'designer'] as const),
  ...(['camera', 'editor', 'translator'] as const),
];
export const LICENCES = [
  ...(['CC-BY-NC-SA-4.0', 'CC-BY-4.0', 'CC-BY-SA-4.0', 'CC-BY-NC-4.0'] as const),
  ...(['CC-BY-NC-ND-4.0', 'CC0-1.0', 'all-rights-reserved'] as const),
];

export type Tier = (typeof TIERS)[number];
export type Flow = (typeof FLOWS)[number];
export type Audience = (typeof AUDIENCES)[number];
export type Scope = (typeof SCOPES)[number];
export type Licence = (typeof LICENCES)[number];
/** Where the words of a licence are. */
export const LICENCE_WORDS = {
  'CC-BY-NC-SA-4.0': 'byNcSa',
  'CC-BY-4.0': 'by',
  'CC-BY-SA-4.0': 'bySa',
  'CC-BY-NC-4.0': 'byNc',
  'CC-BY-NC-ND-4.0': 'byNcNd',
  'CC0-1.0': 'zero',
  'all-rights-reserved': 'reserved',
} as const satisfies Record<Licence, string>;
export type ContributorRole = (typeof ROLES)[number];
export type Kind = 'lesson' | 'document' | 'video' | 'kit';
export type State = 'draft' | 'submitted' | 'in_review' | 'returned' | 'approved' | 'published' | 'withdrawn';
export type Step =
  | ('edit' | 'discard' | 'submit' | 'recall' | 'begin' | 'release')
  | ('note' | 'return' | 'approve' | 'publish' | 'revise' | 'withdraw');

export interface Contributor {
  name: string;
  role: ContributorRole;
  share_bp: number;
  school: string;
  person_id: string;
}

export interface Metadata {
  title: string;
  subject: string;
  grade: string;
  edition: string;
  language: string;
  tier: Tier;
  licence: Licence;
  flow: Flow;
  description: string;
  contributors: Contributor[];
  audience: Audience;
}

interface Named {
  id: string;
  name: string;
}

export interface Resource extends Metadata {
  id: string;
  kind: Kind;
  state: State;
  version: number;
  published: number;
  revision: number;
  recording_id: string | null;
  school: Named;
  owner: Named;
  reviewer: Named | null;
  reason: string;
  duration_ms: number;
  is_meeting: boolean;
  changed_at: string;
  published_at: string | null;
  may: Step[];
}

export interface ResourceFile {
  name: string;
  title: string;
  mime: string;
  bytes: number;
  sha256: string;
  minors: boolean;
  url: string | null;
}

export interface Subject extends Named {
  kind: 'classroom' | 'person';
}

export interface Need extends Subject {
  renditions: string[];
  may_record: boolean;
}

export type How = 'paper' | 'in_person' | 'online';

export interface Consent {
  id: string;
  subject: Subject;
  renditions: string[];
  scope: Scope;
  given_on: string;
  how: How;
  note: string;
  recorded_by: string;
  recorded_at: string;
  revoked_at: string | null;
  may_revoke: boolean;
}

export interface Note {
  id: string;
  version: number;
  by: Named;
  at_ms: number | null;
  text: string;
  answer: string;
  created_at: string;
  is_done: boolean;
}

export interface Mark {
  item: string;
  value: number;
  note: string;
}

export interface Review {
  id: string;
  version: number;
  reviewer: string;
  verdict: 'returned' | 'approved';
  standard: string;
  marks: Mark[];
  remark: string;
  at: string;
}

export interface Version extends Metadata {
  version: number;
  published_at: string;
  by: string;
  files: { name: string; title: string; bytes: number; sha256: string }[];
}

export interface Sheet extends Resource {
  is_work: boolean;
  lesson: { id: string; title: string } | null;
  files: ResourceFile[];
  handed_out: { version: number; audience: Audience; at: string } | null;
  stays: { rendition: string; subject: Subject | null }[];
  needs: Need[];
  consents: Consent[];
  notes: Note[];
  reviews: Review[];
  versions: Version[];
}

export interface StandardItem {
  id: string;
  area: string;
  text: string;
  kind: 'score' | 'yes_no';
}

export interface Standard {
  version: string;
  items: StandardItem[];
}

export type View = 'mine' | 'review' | 'consent' | 'published';

export interface Filters {
  subject: string;
  grade: string;
  tier: string;
  q: string;
}
