import { describe, expect, it } from 'vitest';
import type { Lesson } from '@/api/types';
import { entranceOf, pageOf, roleNamed, sortLessons, waysIn } from './lessons';

function lesson(
  id: string,
  state: Lesson['state'],
  hour: number,
  roles: Lesson['roles'] = ['classroom'],
): Lesson {
  return {
    id,
    title: '光的折射',
    subject: '五年级科学',
    state,
    starts_at: new Date(2026, 10, 22, hour).toISOString(),
    planned_minutes: 40,
    lecturer: { id: 'p1', name: '周老师' },
    lecturer_school: { id: 's1', name: '实验小学' },
    paired_school: null,
    classrooms: [],
    pages: 0,
    roles,
    seats: { classrooms_online: 0, people_online: 0 },
    recording_id: null,
    figures: false,
  };
}

describe('sortLessons', () => {
  it('puts coming lessons soonest first and past ones latest first', () => {
    const lists = sortLessons([
      lesson('a', 'scheduled', 15),
      lesson('b', 'ended', 7),
      lesson('c', 'scheduled', 10),
      lesson('d', 'ended', 8),
      lesson('e', 'live', 9),
    ]);
    expect(lists.live.map((l) => l.id)).toEqual(['e']);
    expect(lists.next.map((l) => l.id)).toEqual(['c', 'a']);
    expect(lists.past.map((l) => l.id)).toEqual(['d', 'b']);
  });
});

describe('ways in', () => {
  const all = lesson('a', 'live', 9, ['local_teacher', 'classroom', 'observer']);

  it('offers the classroom first on a computer and assisting first on a phone', () => {
    expect(waysIn(all, false)).toEqual(['classroom', 'local_teacher', 'observer']);
    expect(waysIn(all, true)).toEqual(['local_teacher', 'classroom', 'observer']);
    expect(waysIn(lesson('b', 'live', 9, ['observer']), true)).toEqual(['observer']);
  });

  it('leads a lecturer through the device check, everyone else straight in', () => {
    expect(entranceOf('k7m2x9ab', 'lecturer')).toBe('/lesson/k7m2x9ab/check?next=lecturer');
    expect(entranceOf('k7m2x9ab', 'local_teacher')).toBe('/lesson/k7m2x9ab/phone');
    expect(pageOf('k7m2x9ab', 'observer')).toBe('/lesson/k7m2x9ab/observe');
  });

  it('knows only the four roles by name', () => {
    expect(roleNamed('lecturer')).toBe('lecturer');
    expect(roleNamed('//evil.example')).toBeNull();
    expect(roleNamed(undefined)).toBeNull();
  });
});
