/** The segments of a lesson: the twin of signaling/segments.py; both run the vectors of tests/vectors/room. */
import type { Course, Segment } from '@/generated/messages';

/** From which page on each segment stands: its own, or that of the last one before it that has one. */
function coveredPages(segments: readonly Segment[]): number[] {
  let page = 0;
  return segments.map((segment) => (page = segment.page || page));
}

function placeOf(course: Course): number {
  return course.segments.findIndex((segment) => segment.id === course.current);
}

/** For how long class was in each segment until `tMs` of the room's clock, in ms. */
export function spentAt(course: Course, tMs: number): readonly number[] {
  if (course.since_t_ms === null) return course.spent_ms;
  const now = Math.max(0, tMs - course.since_t_ms);
  const place = placeOf(course);
  return course.spent_ms.map((ms, index) => (index === place ? ms + now : ms));
}

export function goTo(course: Course | null, segment: string, tMs: number): Course | null {
  if (course === null || segment === course.current) return course;
  if (!course.segments.some((known) => known.id === segment)) return course;
  const since = course.since_t_ms === null ? null : tMs;
  return { ...course, current: segment, spent_ms: spentAt(course, tMs), since_t_ms: since };
}

export function followPage(course: Course | null, page: number, tMs: number): Course | null {
  if (course === null) return null;
  const pages = coveredPages(course.segments);
  const wanted = Math.max(0, ...pages.filter((from) => from <= page));
  if (pages[placeOf(course)] === wanted) return course;
  const found = course.segments[pages.indexOf(wanted)];
  return found === undefined ? course : goTo(course, found.id, tMs);
}

export function setCourse(
  segments: readonly Segment[],
  page: number,
  tMs: number,
  isLive: boolean,
): Course | null {
  const first = segments[0];
  if (first === undefined) return null;
  const spent = segments.map(() => 0);
  return followPage(
    { segments, current: first.id, spent_ms: spent, since_t_ms: isLive ? tMs : null },
    page,
    tMs,
  );
}

export function beginCourse(course: Course | null, tMs: number): Course | null {
  return course === null ? null : { ...course, since_t_ms: tMs };
}

export function endCourse(course: Course | null, tMs: number): Course | null {
  return course === null ? null : { ...course, spent_ms: spentAt(course, tMs), since_t_ms: null };
}
