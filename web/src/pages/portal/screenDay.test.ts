import { describe, expect, it } from 'vitest';
import type { PlannedLesson, ScreenDay } from '@/api/timetable';
import {
  keepDay,
  keptDay,
  lessonToOpenAt,
  nextLesson,
  regionTime,
  ServerClock,
  shouldLeave,
} from './screenDay';

const NINE = Date.parse('2026-11-23T01:00:00Z'); // nine in Shanghai
const MINUTE = 60_000;

function lesson(id: string, startMin: number, changes: Partial<PlannedLesson> = {}): PlannedLesson {
  const start = NINE + startMin * MINUTE;
  return {
    id,
    title: id,
    subject: '科学',
    state: 'scheduled',
    starts_at: new Date(start).toISOString(),
    ends_at: new Date(start + 40 * MINUTE).toISOString(),
    day: '2026-11-23',
    start: '09:00',
    end: '09:40',
    planned_minutes: 40,
    lecturer: { id: 'l', name: '林' },
    lecturer_school: { id: 's', name: '校' },
    paired_school: null,
    classrooms: [],
    pages: 0,
    series_id: null,
    cancelled: null,
    substitution: null,
    move: null,
    changed_by: '',
    can_change: false,
    ...changes,
  };
}

function day(lessons: PlannedLesson[], time = NINE): ScreenDay {
  return {
    time: new Date(time).toISOString(),
    today: '2026-11-23',
    zone: 'Asia/Shanghai',
    zone_offset_min: 480,
    classroom: { id: 'r', name: '班', school: { id: 's', name: '校' } },
    lessons,
    later: null,
  };
}

describe('which lesson a screen opens', () => {
  it.each([
    [-6, null],
    [-5, 'a'],
    [39, 'a'],
    [40, null],
  ])('%i minutes after the beginning: %s', (minutes, expected) => {
    expect(lessonToOpenAt([lesson('a', 0)], NINE + minutes * MINUTE)?.id ?? null).toBe(expected);
  });

  it('prefers a live lesson, then the later one, and never one that is off or over', () => {
    const first = lesson('a', 0);
    const second = lesson('b', 40);
    const now = NINE + 36 * MINUTE;
    expect(lessonToOpenAt([first, second], now)?.id).toBe('b');
    expect(lessonToOpenAt([{ ...first, state: 'live' }, second], now)?.id).toBe('a');
    expect(lessonToOpenAt([first, { ...second, cancelled: '停电' }], now)?.id).toBe('a');
    expect(lessonToOpenAt([{ ...first, state: 'ended' }], now)).toBeNull();
  });

  it('leaves a lesson that is off, or when the next one begins', () => {
    const two = [lesson('a', 0), lesson('b', 40)];
    expect(shouldLeave('a', two, NINE)).toBe(false);
    expect(shouldLeave('a', two, NINE + 36 * MINUTE)).toBe(true);
    expect(shouldLeave('a', [lesson('a', 0, { cancelled: '停电' })], NINE)).toBe(true);
    expect(shouldLeave('elsewhere', [], NINE)).toBe(false);
  });

  it('knows what comes next today', () => {
    const moved = lesson('m', 50, { day: '2026-11-24' });
    expect(nextLesson(day([lesson('a', 0), moved, lesson('b', 60)]), NINE)?.id).toBe('b');
  });
});

describe('what time it is', () => {
  it('follows the server whatever the computer says', () => {
    const clock = new ServerClock();
    expect(clock.isSet).toBe(false);
    clock.set(NINE, 1_000);
    expect(clock.at(61_000)).toBe(NINE + MINUTE);
    clock.set(NINE, 2_000);
    expect(clock.at(2_000)).toBe(NINE);
  });

  it('shows the time of the region', () => {
    expect(regionTime(NINE, 480)).toEqual({ time: '09:00', day: '2026-11-23' });
    expect(regionTime(NINE, -600)).toEqual({ time: '15:00', day: '2026-11-22' });
  });
});

describe('what is remembered', () => {
  function store(): Pick<Storage, 'getItem' | 'setItem'> {
    const kept = new Map<string, string>();
    return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => void kept.set(key, value) };
  }

  it('is there after a reload, with the right time on a computer that is an hour wrong', () => {
    const computer = NINE - 60 * MINUTE;
    const here = store();
    keepDay(day([lesson('a', 0)]), computer, here);
    const kept = keptDay(computer + 10 * MINUTE, here);
    expect(kept?.now).toBe(NINE + 10 * MINUTE);
    expect(kept?.day.lessons[0]?.id).toBe('a');
  });

  it('is nothing when it is old or broken', () => {
    const here = store();
    keepDay(day([]), NINE, here);
    expect(keptDay(NINE + 8 * 24 * 60 * MINUTE, here)).toBeNull();
    here.setItem('tongtang.screen.day', '{');
    expect(keptDay(NINE, here)).toBeNull();
    here.setItem('tongtang.screen.day', '{"day":{}}');
    expect(keptDay(NINE, here)).toBeNull();
  });
});
