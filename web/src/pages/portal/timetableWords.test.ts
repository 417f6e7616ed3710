import { describe, expect, it } from 'vitest';
import { addDays, dayLabel, minuteOf, mondayOf, placeDay, weekdayOf } from './timetableWords';

describe('days of the timetable', () => {
  it.each([
    ['2026-11-22', 7, '2026-11-16', '11月22日 周日', 'Sun 22 Nov'],
    ['2026-11-23', 1, '2026-11-23', '11月23日 周一', 'Mon 23 Nov'],
    ['2027-01-01', 5, '2026-12-28', '1月1日 周五', 'Fri 1 Jan'],
  ])('%s', (day, weekday, monday, chinese, english) => {
    expect(weekdayOf(day)).toBe(weekday);
    expect(mondayOf(day)).toBe(monday);
    expect(dayLabel(day, 'zh-CN')).toBe(chinese);
    expect(dayLabel(day, 'en')).toBe(english);
  });

  it('counts over the end of a month', () => {
    expect(addDays('2026-10-31', 1)).toBe('2026-11-01');
    expect(addDays('2028-03-01', -1)).toBe('2028-02-29');
  });
});

describe('lessons of a day', () => {
  const at = (start: string, end: string) => ({ start, end });

  it('stand side by side where they overlap', () => {
    const placed = placeDay([
      at('10:20', '11:00'),
      at('08:30', '09:10'),
      at('10:40', '11:20'),
      at('11:00', '11:40'),
    ]);
    expect(placed.map(({ lesson, column, columns }) => [lesson.start, column, columns])).toEqual([
      ['08:30', 0, 1],
      ['10:20', 0, 2],
      ['10:40', 1, 2],
      ['11:00', 0, 2],
    ]);
    expect(minuteOf('10:20')).toBe(620);
    expect(placeDay([])).toEqual([]);
  });
});
