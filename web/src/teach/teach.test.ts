import { describe, expect, it } from 'vitest';
import { nextTick, ref } from 'vue';
import type { Roster } from '@/generated/messages';
import { absentOf, seatPlan, timesCalled } from './seats';
import { leftMs, timeText } from './time';
import { useUnread, type Spoken } from './unread';
import { parseWall } from './wallSettings';

const pupil = (id: string, row: number, column: number, called = 0) => ({
  id,
  number: 1,
  name: id,
  row,
  column,
  card: -1,
  called,
});
const roster: Roster = {
  classroom: 'c0',
  has_cards: false,
  pupils: [pupil('李', 1, 1), pupil('和', 2, 3, 2), pupil('马', 0, 0), pupil('木', 2, 3)],
};

describe('seats', () => {
  it('keeps empty places, so that the plan looks like the room', () => {
    const plan = seatPlan(roster);
    expect(plan.columns).toBe(3);
    expect(plan.rows.map((row) => row.seats.map((seat) => seat?.id ?? null))).toEqual([
      ['李', null, null],
      [null, null, '和'],
    ]);
  });

  it('loses nobody: who has no seat, or one that is taken, comes after', () => {
    expect(seatPlan(roster).rest.map((one) => one.id)).toEqual(['马', '木']);
  });

  it('counts calls of this lesson and of earlier ones, of the own room only', () => {
    const called = [
      { classroom: 'c0', pupil: '和', name: '和' },
      { classroom: 'c1', pupil: '李', name: '李' },
    ];
    expect([...timesCalled(roster, called)]).toEqual([
      ['李', 0],
      ['和', 3],
      ['马', 0],
      ['木', 0],
    ]);
  });

  it('finds the absent of one classroom', () => {
    expect(absentOf([{ classroom: 'c0', absent: ['李'] }], 'c0')).toEqual(['李']);
    expect(absentOf([], 'c0')).toEqual([]);
  });
});

describe('timer', () => {
  it('runs by the room’s clock, stands still when stopped, and ends at 0', () => {
    expect(leftMs({ total_ms: 60_000, left_ms: 60_000, ends_t_ms: 100_000 }, 70_000)).toBe(30_000);
    expect(leftMs({ total_ms: 60_000, left_ms: 60_000, ends_t_ms: 100_000 }, 170_000)).toBe(0);
    expect(leftMs({ total_ms: 60_000, left_ms: 12_000, ends_t_ms: null }, 170_000)).toBe(12_000);
  });

  it.each([
    [0, '0:00'],
    [1, '0:01'],
    [59_999, '1:00'],
    [245_000, '4:05'],
  ])('%i ms is %s', (ms, text) => {
    expect(timeText(ms)).toBe(text);
  });
});

describe('unread', () => {
  const line = (t_ms: number, peer: string): Spoken => ({ t_ms, peer });

  it('counts what others said since one last looked, and nothing from before one came in', async () => {
    const lines = ref<Spoken[]>([line(1, 'a')]);
    const open = ref(false);
    const me = ref('');
    const unread = useUnread(
      () => lines.value,
      () => open.value,
      () => me.value,
    );
    me.value = 'me';
    await nextTick();
    expect(unread.value).toBe(0);
    lines.value = [...lines.value, line(2, 'a'), line(3, 'me')];
    await nextTick();
    expect(unread.value).toBe(1);
    open.value = true;
    await nextTick();
    expect(unread.value).toBe(0);
  });
});

describe('wall', () => {
  it.each([
    [null, { layout: 'auto', volume: 100 }],
    ['{"layout":"page","volume":40}', { layout: 'page', volume: 40 }],
    ['{"layout":"other","volume":-5}', { layout: 'auto', volume: 0 }],
    ['{"volume":"loud"}', { layout: 'auto', volume: 100 }],
    ['null', { layout: 'auto', volume: 100 }],
    ['{', { layout: 'auto', volume: 100 }],
  ])('kept as %s is %o', (text, settings) => {
    expect(parseWall(text)).toEqual(settings);
  });
});
