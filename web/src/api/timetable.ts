/** Timetables and rosters: docs/http.md, name by name. Days are `2026-11-23` and times of day `10:20`, both on the
 *  region's clocks. Loaded with the pages that need them, not with the lobby. */
import type { LessonState } from '@/generated/messages';
import { ApiError, request } from './client';
import type { Named } from './types';

export interface Room extends Named {
  school: Named;
}

export interface PlannedLesson {
  id: string;
  title: string;
  subject: string;
  state: LessonState;
  starts_at: string;
  ends_at: string;
  day: string;
  start: string;
  end: string;
  planned_minutes: number;
  lecturer: Named;
  lecturer_school: Named;
  paired_school: Named | null;
  classrooms: Room[];
  pages: number;
  series_id: string | null;
  /** Why it is off. */
  cancelled: string | null;
  substitution: { instead_of: Named; reason: string } | null;
  move: { from_day: string; from_start: string; reason: string } | null;
  changed_by: string;
  can_change: boolean;
}

interface Clocks {
  time: string;
  today: string;
  zone: string;
  zone_offset_min: number;
}

export interface ScreenDay extends Clocks {
  classroom: Room;
  lessons: PlannedLesson[];
  later: PlannedLesson | null;
}

export interface Period {
  number: number;
  name: string;
  start: string;
  end: string;
}

export interface TimetableDay {
  day: string;
  /** 0 outside of every term. */
  week: number;
  holiday: string;
  /** 0, or the weekday whose lessons are held. */
  makeup_weekday: number;
}

export interface Timetable extends Clocks {
  days: TimetableDay[];
  lessons: PlannedLesson[];
  bells: Period[];
}

export interface Holiday {
  name: string;
  first_day: string;
  last_day: string;
  school_id: string | null;
}

export interface Makeup {
  day: string;
  weekday: number;
}

export interface TermDraft {
  name: string;
  first_day: string;
  last_day: string;
  holidays: Holiday[];
  makeups: Makeup[];
}

export interface Term extends TermDraft {
  id: string;
  version: number;
  weeks: number;
  is_current: boolean;
}

export interface Terms {
  items: Term[];
  today: string;
  zone: string;
  subjects: string[];
}

export interface SeriesDraft {
  term_id: string;
  title: string;
  subject: string;
  lecturer_id: string;
  weekday: number;
  period: number;
  weeks: string;
  classroom_ids: string[];
  paired_school_id: string | null;
  open_to_observers: boolean;
}

export interface Series {
  id: string;
  term_id: string;
  title: string;
  subject: string;
  lecturer: Named;
  lecturer_school: Named;
  paired_school: Named | null;
  classrooms: Room[];
  weekday: number;
  period: number;
  weeks: string;
  open_to_observers: boolean;
  is_ended: boolean;
}

export interface SeriesOutcome {
  series: Series;
  days: string[];
  created: number;
  changed: number;
  called_off: number;
  skipped: { day: string; holiday: string }[];
  conflicts: string[];
  notes: string[];
}

export interface LineProblem {
  line: number;
  text: string;
}

export interface TimetableImport {
  added: Series[];
  changed: Series[];
  kept: number;
  lessons: number;
  notes: string[];
  problems: LineProblem[];
}

export interface Feed {
  kind: 'teacher' | 'classroom';
  id: string;
  name: string;
  url: string;
}

export interface Pupil {
  id: string;
  number: number;
  name: string;
  row: number;
  column: number;
  card: number;
}

/** A pupil as the page writes it down; a new one has no id yet. */
export type PupilDraft = Omit<Pupil, 'id' | 'card'> & { id: string | null; card: number | null };

export interface Roster {
  classroom: Room;
  version: number;
  pupils: Pupil[];
  left: { id: string; number: number; name: string; left_at: string }[];
  can_edit: boolean;
}

export interface RosterPlan {
  version: number;
  problems: LineProblem[];
  added: Pupil[];
  back: Pupil[];
  changed: { before: Pupil; after: Pupil }[];
  gone: Pupil[];
  kept: number;
}

const at = encodeURIComponent;

function query(parameters: Record<string, string | undefined>): string {
  const set = Object.entries(parameters).filter((pair): pair is [string, string] => !!pair[1]);
  return new URLSearchParams(set).toString();
}

/** Send a file as it is; the answer and its errors are those of `request`. */
async function sendFile<T>(path: string, file: File): Promise<T> {
  let response: Response;
  try {
    response = await fetch(path, {
      method: 'POST',
      headers: { 'X-Tongtang': '1', 'Content-Type': 'application/octet-stream' },
      credentials: 'same-origin',
      body: file,
    });
  } catch {
    return request<T>('GET', path); // out of reach: says so in the words of every other request
  }
  if (response.ok) return (await response.json()) as T;
  const problem = (await response.json().catch(() => ({}))) as { code?: string; detail?: string };
  throw new ApiError(response.status, problem.code ?? `http_${response.status}`, problem.detail ?? '');
}

export const rosterAddress = (classroom: string): string => `/api/classrooms/${at(classroom)}/roster`;
export const timetableFile = (term: string, kind: 'csv' | 'xlsx'): string =>
  `/api/timetable.${kind}?term=${at(term)}`;

export const timetableApi = {
  screen: () => request<ScreenDay>('GET', '/api/screen'),
  week: (from: string, to: string, of: { school?: string; teacher?: string; classroom?: string }) =>
    request<Timetable>('GET', `/api/timetable?${query({ from, to, ...of })}`),
  terms: () => request<Terms>('GET', '/api/terms'),
  saveTerm: (term: TermDraft, id?: string) =>
    id ? request<Term>('PUT', `/api/terms/${at(id)}`, term) : request<Term>('POST', '/api/terms', term),
  removeTerm: (id: string) => request<undefined>('DELETE', `/api/terms/${at(id)}`),
  bells: async (school: string) =>
    (await request<{ items: Period[] }>('GET', `/api/schools/${at(school)}/bells`)).items,
  setBells: (school: string, periods: Omit<Period, 'number'>[]) =>
    request<unknown>('PUT', `/api/schools/${at(school)}/bells`, { periods }),
  teachers: async (school: string) =>
    (await request<{ items: Named[] }>('GET', `/api/schools/${at(school)}/teachers`)).items,
  series: async (term: string) =>
    (await request<{ items: Series[] }>('GET', `/api/series?term=${at(term)}`)).items,
  previewSeries: (draft: SeriesDraft, id?: string) =>
    request<SeriesOutcome>('POST', `/api/series/preview${id ? `?id=${at(id)}` : ''}`, draft),
  saveSeries: (draft: SeriesDraft, id?: string) =>
    id
      ? request<SeriesOutcome>('PUT', `/api/series/${at(id)}`, draft)
      : request<SeriesOutcome>('POST', '/api/series', draft),
  endSeries: (id: string) => request<Series>('DELETE', `/api/series/${at(id)}`),
  importSeries: (term: string, file: File, apply: boolean) =>
    sendFile<TimetableImport>(`/api/timetable/import?${query({ term, apply: apply ? '1' : '' })}`, file),
  cancel: (id: string, reason: string) =>
    request<PlannedLesson>('POST', `/api/lessons/${at(id)}/cancel`, { reason }),
  restore: (id: string) => request<PlannedLesson>('POST', `/api/lessons/${at(id)}/restore`, {}),
  substitute: (id: string, lecturer: string, reason: string) =>
    request<PlannedLesson>('POST', `/api/lessons/${at(id)}/substitute`, { lecturer_id: lecturer, reason }),
  move: (id: string, day: string, start: string, reason: string) =>
    request<PlannedLesson>('POST', `/api/lessons/${at(id)}/move`, { day, start, reason }),
  feeds: async () => (await request<{ items: Feed[] }>('GET', '/api/calendars')).items,
  renewFeed: (feed: Feed) => request<Feed>('POST', `/api/calendars/${feed.kind}/${at(feed.id)}/renew`, {}),
  roster: (classroom: string) => request<Roster>('GET', rosterAddress(classroom)),
  saveRoster: (classroom: string, version: number, pupils: PupilDraft[]) =>
    request<Roster>('PUT', rosterAddress(classroom), {
      version,
      pupils: pupils.map(({ id, ...rest }) => (id === null ? rest : { id, ...rest })),
    }),
  importRoster: (classroom: string, file: File, others: 'leave' | 'keep', version?: number) =>
    sendFile<RosterPlan>(
      `${rosterAddress(classroom)}/import?${query({ others, version: version?.toString() })}`,
      file,
    ),
};
