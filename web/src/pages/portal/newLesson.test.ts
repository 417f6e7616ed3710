import { describe, expect, it } from 'vitest';
import type { School } from '@/api/types';
import { attending, emptyDraft, timeChoices, toRequest, wrongFields, type Draft } from './newLesson';

const whole: Draft = {
  title: ' 光的折射 ',
  subject: '五年级科学',
  date: '2026-11-23',
  time: '08:30',
  minutes: 40,
  pairedSchoolId: '',
  classroomIds: ['c1'],
  openToObservers: true,
};

describe('wrongFields', () => {
  it('is empty for a whole draft', () => {
    expect(wrongFields(whole)).toEqual([]);
  });

  it.each([
    [{ title: '  ' }, 'title'],
    [{ title: '光'.repeat(81) }, 'title'],
    [{ subject: '' }, 'subject'],
    [{ date: '' }, 'starts_at'],
    [{ time: '25:00' }, 'starts_at'],
    [{ minutes: null }, 'planned_minutes'],
    [{ minutes: 4 }, 'planned_minutes'],
    [{ minutes: 40.5 }, 'planned_minutes'],
    [{ minutes: 241 }, 'planned_minutes'],
    [{ classroomIds: [] }, 'classroom_ids'],
  ] as const)('%j is wrong in %s', (change, field) => {
    expect(wrongFields({ ...whole, ...change } as Draft)).toEqual([field]);
  });
});

describe('the request', () => {
  it('trims, names no paired school, and gives the start in UTC', () => {
    const request = toRequest(whole);
    expect(request.title).toBe('光的折射');
    expect(request.paired_school_id).toBeNull();
    expect(request.starts_at).toBe(new Date(2026, 10, 23, 8, 30).toISOString());
  });
});

describe('emptyDraft', () => {
  it.each([
    [new Date(2026, 10, 22, 9, 10), '2026-11-22', '09:30'],
    [new Date(2026, 10, 22, 9, 30), '2026-11-22', '10:00'],
    [new Date(2026, 11, 31, 23, 45), '2027-01-01', '00:00'],
  ])('at %s begins on %s at %s', (now, date, time) => {
    expect(emptyDraft(now)).toMatchObject({ date, time });
  });
});

describe('attending', () => {
  const school = (id: string, rooms: number): School => ({
    id,
    name: id,
    kind: 'rural',
    region: '云岭县',
    classrooms: Array.from({ length: rooms }, (_, n) => ({ id: `${id}${n}`, name: '班', paired: true })),
    data_cap: { ceiling_kbps: null, video: true },
    rights: [],
  });

  it('leaves out the own school and those without classrooms, and puts the paired one first', () => {
    const schools = [school('own', 1), school('a', 1), school('b', 2), school('empty', 0)];
    expect(attending(schools, 'own', 'b').map((s) => s.id)).toEqual(['b', 'a']);
  });
});

describe('timeChoices', () => {
  it('has every five minutes of the school day, and a chosen time outside of it', () => {
    expect(timeChoices('08:30')).toHaveLength(180);
    expect(timeChoices('08:30')[0]).toBe('07:00');
    expect(timeChoices('00:00')[0]).toBe('00:00');
  });
});
