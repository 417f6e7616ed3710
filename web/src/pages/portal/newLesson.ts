/** The form of a new lesson: what it checks before it asks the server. Pure. */
import type { NewLesson, School } from '@/api/types';

const MAX_TITLE = 80;
const MAX_SUBJECT = 40;
const MINUTES = { least: 5, most: 240 };

export interface Draft {
  title: string;
  subject: string;
  /** `2026-11-23`, local time. */
  date: string;
  /** `08:00`, local time. */
  time: string;
  minutes: number | null;
  pairedSchoolId: string;
  classroomIds: string[];
  openToObservers: boolean;
}

/** The fields as the server names them in `field_invalid`. */
export type Field = 'title' | 'subject' | 'starts_at' | 'planned_minutes' | 'classroom_ids';
export const FIELDS: readonly Field[] = ['title', 'subject', 'starts_at', 'planned_minutes', 'classroom_ids'];

/** Return the start as a moment, or null. */
export function startsAt(draft: Draft): Date | null {
  if (!draft.date || !draft.time) return null;
  const moment = new Date(`${draft.date}T${draft.time}`);
  return Number.isNaN(moment.getTime()) ? null : moment;
}

/** Return the fields that are not right yet, in the order of the form. */
export function wrongFields(draft: Draft): Field[] {
  const title = draft.title.trim();
  const subject = draft.subject.trim();
  const { minutes } = draft;
  const wrong: Record<Field, boolean> = {
    title: title === '' || title.length > MAX_TITLE,
    subject: subject === '' || subject.length > MAX_SUBJECT,
    starts_at: startsAt(draft) === null,
    planned_minutes:
      minutes === null || !Number.isInteger(minutes) || minutes < MINUTES.least || minutes > MINUTES.most,
    classroom_ids: draft.classroomIds.length === 0,
  };
  return FIELDS.filter((field) => wrong[field]);
}

/** Return the request for a draft without wrong fields. */
export function toRequest(draft: Draft): NewLesson {
  return {
    title: draft.title.trim(),
    subject: draft.subject.trim(),
    starts_at: (startsAt(draft) ?? new Date(NaN)).toISOString(),
    planned_minutes: draft.minutes ?? 0,
    classroom_ids: draft.classroomIds,
    paired_school_id: draft.pairedSchoolId || null,
    open_to_observers: draft.openToObservers,
  };
}

/** Return an empty draft that begins at the next full half hour. */
export function emptyDraft(now: Date): Draft {
  const half = new Date(
    now.getFullYear(),
    now.getMonth(),
    now.getDate(),
    now.getHours(),
    now.getMinutes() < 30 ? 30 : 60,
  );
  const two = (n: number) => String(n).padStart(2, '0');
  return {
    title: '',
    subject: '',
    date: `${half.getFullYear()}-${two(half.getMonth() + 1)}-${two(half.getDate())}`,
    time: `${two(half.getHours())}:${two(half.getMinutes())}`,
    minutes: 40,
    pairedSchoolId: '',
    classroomIds: [],
    openToObservers: true,
  };
}

/** Return the times to choose from: every five minutes of the school day, and the one that is chosen. */
export function timeChoices(chosen: string): string[] {
  const two = (n: number) => String(n).padStart(2, '0');
  const times = Array.from(
    { length: 15 * 12 },
    (_, i) => `${two(7 + Math.floor(i / 12))}:${two((i % 12) * 5)}`,
  );
  return times.includes(chosen) || !chosen ? times : [...times, chosen].sort();
}

/** Return the schools whose classrooms may attend: the paired one first, the own one not at all. */
export function attending(schools: readonly School[], ownId: string | null, pairedId: string): School[] {
  const others = schools.filter((school) => school.id !== ownId && school.classrooms.length > 0);
  return [...others.filter((s) => s.id === pairedId), ...others.filter((s) => s.id !== pairedId)];
}
