import { describe, expect, it } from 'vitest';
import type { Shown } from './types';
import { byDay, dayAfter, daysLeft, isoDay, monday, momentOf, weeksUntil } from './week';

const SUNDAY = new Date(2026, 10, 22, 23, 30);

function shown(day: number, hour: number): Shown {
  const gathering = { starts_ms: new Date(2026, 10, day, hour).getTime() } as Shown['gathering'];
  return { gathering, comes: null, may_change: false, clashes: [] };
}

describe('a week', () => {
  it('begins on Monday, also on a Sunday night', () => {
    expect(isoDay(monday(SUNDAY))).toBe('2026-11-16');
    expect(isoDay(monday(SUNDAY, 1))).toBe('2026-11-23');
    expect(isoDay(monday(new Date(2026, 10, 23)))).toBe('2026-11-23');
  });

  it('is as many weeks away as one has to turn', () => {
    expect(weeksUntil(SUNDAY, dayAfter(SUNDAY, 0))).toBe(0);
    expect(weeksUntil(SUNDAY, dayAfter(SUNDAY, 1))).toBe(1);
    expect(weeksUntil(SUNDAY, dayAfter(SUNDAY, -7))).toBe(-1);
  });

  it('shows only days that have something, in order', () => {
    const days = byDay([shown(24, 15), shown(23, 9), shown(24, 8)]);
    expect(
      days.map((one) => [
        isoDay(one.day),
        one.found.map((it) => new Date(it.gathering.starts_ms).getHours()),
      ]),
    ).toEqual([
      ['2026-11-23', [9]],
      ['2026-11-24', [8, 15]],
    ]);
  });
});

describe('days', () => {
  it('are counted by the calendar', () => {
    expect(isoDay(dayAfter(SUNDAY, 10))).toBe('2026-12-02');
    expect([
      daysLeft('2026-11-22', SUNDAY),
      daysLeft('2026-11-23', SUNDAY),
      daysLeft('2026-11-20', SUNDAY),
    ]).toEqual([0, 1, -2]);
    expect(new Date(momentOf('2026-11-24', '14:30')).getHours()).toBe(14);
  });
});
