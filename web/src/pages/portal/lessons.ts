/** What may be done with a lesson, and where each role goes. Pure but for `isPhone`. */
import type { Lesson } from '@/api/types';
import type { Role } from '@/generated/messages';

const PAGE_OF: Record<Role, string> = {
  lecturer: 'lecturer',
  classroom: 'classroom',
  local_teacher: 'phone',
  observer: 'observe',
  convener: 'meeting',
  member: 'meeting',
};

/** The order in which ways in are offered: the first is the one to take. */
const ROLE_ORDER: readonly Role[] = [
  'lecturer',
  'classroom',
  'local_teacher',
  'observer',
  'convener',
  'member',
];

/** Return the page of a role in a lesson. */
export function pageOf(lessonId: string, role: Role): string {
  const id = encodeURIComponent(lessonId);
  return PAGE_OF[role] === 'meeting' ? `/meetings/${id}` : `/lesson/${id}/${PAGE_OF[role]}`;
}

/** Return where the lobby's button leads: a lecturer looks at the own camera and microphone first. */
export function entranceOf(lessonId: string, role: Role): string {
  return role === 'lecturer'
    ? `/lesson/${encodeURIComponent(lessonId)}/check?next=${role}`
    : pageOf(lessonId, role);
}

/** Return the ways into a lesson, the most useful first: a local teacher with a phone in hand is there to assist. */
export function waysIn(lesson: Lesson, onPhone: boolean): Role[] {
  const ways = ROLE_ORDER.filter((role) => lesson.roles.includes(role));
  if (!onPhone || !ways.includes('local_teacher')) return ways;
  return ['local_teacher', ...ways.filter((role) => role !== 'local_teacher')];
}

/** Return whether this screen is a phone's: the width below which the pages of the portal stack. */
export function isPhone(): boolean {
  return window.matchMedia('(max-width: 40rem)').matches;
}

/** Return the role that `text` names, or null. */
export function roleNamed(text: unknown): Role | null {
  return ROLE_ORDER.find((role) => role === text) ?? null;
}

/** Lessons as the lobby shows them: live, coming (soonest first), and over (latest first). */
export function sortLessons(lessons: readonly Lesson[]): { live: Lesson[]; next: Lesson[]; past: Lesson[] } {
  const at = (lesson: Lesson) => Date.parse(lesson.starts_at);
  const of = (state: Lesson['state']) => lessons.filter((lesson) => lesson.state === state);
  return {
    live: of('live').sort((a, b) => at(a) - at(b)),
    next: of('scheduled').sort((a, b) => at(a) - at(b)),
    past: of('ended').sort((a, b) => at(b) - at(a)),
  };
}
