/** The seat in a meeting's room. It outlives the tab of the dock that shows it, and ends when the page is left. */
import type { Router } from 'vue-router';
import { useLesson } from '@/live/store';
import type { Role } from '@/generated/messages';

/** A meeting of twelve: everybody else is seen. On a phone six are what its decoder and its link bear. */
const TILES = 11;
const PHONE_TILES = 6;

let seated: { meeting: string; path: string } | null = null;
const guarded = new WeakSet<Router>();

/** Return whether this page sits in the meeting. */
export function sitsIn(meetingId: string): boolean {
  const lesson = useLesson();
  return seated?.meeting === meetingId && lesson.phase !== 'outside';
}

/** Sit down. The role is `convener` for who called the meeting or leads the group. */
export function sitDown(router: Router, meetingId: string, role: Role, phone: boolean): void {
  seated = { meeting: meetingId, path: router.currentRoute.value.path };
  useLesson().enter({
    lessonId: meetingId,
    role,
    classroomId: null,
    sources: ['mic', 'camera', 'screen'],
    tiles: phone ? PHONE_TILES : TILES,
    video: true,
  });
  if (guarded.has(router)) return;
  guarded.add(router);
  router.afterEach((to) => {
    if (seated && to.path !== seated.path) standUp();
  });
}

export function standUp(): void {
  seated = null;
  useLesson().leave();
}
