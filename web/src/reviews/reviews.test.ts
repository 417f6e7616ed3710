import { describe, expect, it } from 'vitest';
import { dayFromNow, isLate } from './days';
import { evidenceFor } from './evidence';
import { leftOf } from './left';
import { areaMeans, bySide, worth } from './results';
import { courseOf, minutesOf } from './segments';
import type { Agreement, Chain, Improvement, Laid, RubricItem } from './types';

const MIN = 60_000;

describe('the time that is left of a segment', () => {
  it('is said in whole minutes, then as the last, then as over', () => {
    expect(leftOf(15, 0)).toEqual({ kind: 'left', minutes: 15 });
    expect(leftOf(15, 8.4 * MIN)).toEqual({ kind: 'left', minutes: 7 });
    expect(leftOf(15, 14.5 * MIN).kind).toBe('lastMinute');
    expect(leftOf(15, 15.5 * MIN).kind).toBe('lastMinute');
    expect(leftOf(15, 17.2 * MIN)).toEqual({ kind: 'over', minutes: 2 });
    expect(leftOf(0, MIN).kind).toBe('noTime');
  });
});

describe('planned and taught', () => {
  it('shows a jump back as a visit of its own', () => {
    const segment = { leader: 'lecturer' as const, planned_ms: 0, taught_ms: 0 };
    const laid = {
      lasted_ms: 10 * MIN,
      segments: [
        {
          ...segment,
          id: 'a',
          title: '导入',
          visits: [[0, 4 * MIN] as [number, number], [8 * MIN, 10 * MIN] as [number, number]],
        },
        { ...segment, id: 'b', title: '观察', visits: [[4 * MIN, 8 * MIN] as [number, number]] },
      ],
    } as unknown as Laid;
    expect(courseOf(laid).map((one) => [one.number, one.left, one.width, one.tone])).toEqual([
      [1, 0, 40, 0],
      [2, 40, 40, 1],
      [1, 80, 20, 0],
    ]);
    expect([minutesOf(0), minutesOf(4.7 * MIN), minutesOf(5 * MIN), minutesOf(14.7 * MIN)]).toEqual([
      '0',
      '4.7',
      '5',
      '15',
    ]);
  });
});

describe('results', () => {
  const item = (id: string, side: RubricItem['side'], area: string): RubricItem => ({
    id,
    side,
    area,
    text: id,
    hint: '',
  });
  it('stand by side and area, and an area that nobody rated has no mean', () => {
    const sections = bySide([
      item('a', 'remote', '协同教学'),
      item('b', 'main', '意识'),
      item('c', 'main', '备课'),
    ]);
    expect(sections.map((one) => [one.side, one.areas.map((area) => area.name)])).toEqual([
      ['main', ['意识', '备课']],
      ['remote', ['协同教学']],
    ]);
    const spread = { item: 'b', values: [3, 4], mean: 3.5, spread: 1 };
    expect(
      sections
        .slice(0, 1)
        .flatMap((one) => areaMeans(one, [spread]))
        .map((one) => one.mean),
    ).toEqual([3.5, null]);
  });
  it('are worth what Krippendorff says', () => {
    const of = (alpha: number | null): string | null => worth({ alpha } as Agreement);
    expect([of(0.8), of(0.7), of(0.2), of(null)]).toEqual(['good', 'fair', 'poor', null]);
  });
});

describe('evidence', () => {
  it('is what came after, the newest first', () => {
    const found = {
      id: 'i',
      plan_id: 'p',
      plan_version: 1,
      lesson_id: 'old',
      made_at: '2026-11-22T10:00:00Z',
    };
    const lesson = { title: '课', state: 'ended' };
    const chain = {
      plans: [
        {
          id: 'p',
          title: '光的折射',
          versions: [
            { number: 1, made_at: '2026-11-20T10:00:00Z' },
            { number: 2, made_at: '2026-11-22T09:00:00Z' },
            { number: 3, made_at: '2026-11-23T10:00:00Z' },
          ],
          lessons: [
            { ...lesson, id: 'old', starts_at: '2026-11-21T08:00:00Z' },
            { ...lesson, id: 'new', starts_at: '2026-11-24T08:00:00Z' },
            { ...lesson, id: 'coming', state: 'scheduled', starts_at: '2026-11-30T08:00:00Z' },
          ],
        },
      ],
    } as unknown as Chain;
    expect(evidenceFor(found as Improvement, chain).map((one) => one.key)).toEqual(['new', 'p/3']);
  });
});

describe('days', () => {
  it('are those of the calendar here', () => {
    const now = new Date(2026, 10, 28, 23, 30);
    expect(dayFromNow(now, 7)).toBe('2026-12-05');
    expect([isLate('2026-11-27', now), isLate('2026-11-28', now)]).toEqual([true, false]);
  });
});
