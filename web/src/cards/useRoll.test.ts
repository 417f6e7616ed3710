// @vitest-environment happy-dom
import { beforeEach, describe, expect, it, vi } from 'vitest';
import { createApp, defineComponent, h, nextTick, reactive } from 'vue';
import type { Sighting } from './detector';
import type { Look } from './reader.worker';
import type { Change } from './roll';
import { useRoll, type RollProps } from './useRoll';

const PUPILS = [
  { id: 'a', name: '王大山', card: 3, number: 1 },
  { id: 'b', name: '李小雨', card: 7, number: 2 },
];

function look(...cards: [card: number, turn: number][]): Look {
  const sightings = cards.map(([card, turn]): Sighting => ({
    state: 'read',
    card,
    turn,
    corners: [0, 0, 1, 0, 1, 1, 0, 1],
    side: 30,
  }));
  return { id: 1, width: 100, height: 100, sightings, brightness: 100, tookMs: 1 };
}

/** Run the composable as a page would; `close` leaves the page. */
function scanner(given: Partial<RollProps> = {}) {
  const props = reactive<RollProps>({
    pupils: PUPILS,
    choices: 4,
    given: {},
    online: true,
    keep: 'q1',
    ...given,
  });
  const handed: Change[][] = [];
  let roll: ReturnType<typeof useRoll> | null = null;
  const page = defineComponent({
    setup() {
      roll = useRoll(props, (changes) => handed.push(changes));
      return () => h('div');
    },
  });
  const app = createApp(page);
  app.mount(document.createElement('div'));
  if (!roll) throw new Error('not mounted');
  return { props, handed, roll: roll as ReturnType<typeof useRoll>, close: () => app.unmount() };
}

function show(roll: ReturnType<typeof useRoll>, ...cards: [number, number][]): void {
  for (const tMs of [0, 200]) roll.take(look(...cards), tMs);
}

describe('the roll of a question', () => {
  beforeEach(() => {
    localStorage.clear();
    vi.useFakeTimers();
  });

  it('hands over what was read, together, once', () => {
    const { roll, handed } = scanner();
    show(roll, [3, 1], [7, 0]);
    expect(handed).toEqual([]);
    vi.advanceTimersByTime(1000);
    expect(handed).toEqual([
      [
        { pupil: 'a', choice: 'B' },
        { pupil: 'b', choice: 'A' },
      ],
    ]);
    roll.flush();
    expect(handed).toHaveLength(1);
    expect(roll.missing.value).toEqual([]);
  });

  it('lets a thumb correct what was read, and take it back', () => {
    const { roll, handed } = scanner();
    show(roll, [3, 1]);
    roll.flush();
    roll.set('a', 'D');
    roll.flush();
    roll.set('a', '');
    roll.flush();
    roll.set('a', null);
    roll.flush();
    expect(handed.flat().map((change) => change.choice)).toEqual(['B', 'D', '', 'B']);
  });

  it('keeps what was read without a line, over a reload, until it can be handed over', async () => {
    const before = scanner({ online: false });
    show(before.roll, [3, 1]);
    before.roll.set('b', 'C');
    vi.advanceTimersByTime(5000);
    before.close();
    expect(before.handed).toEqual([]);

    const after = scanner({ online: false });
    await nextTick();
    expect(after.roll.done.value.map((row) => [row.pupil.id, row.choice])).toEqual([
      ['a', 'B'],
      ['b', 'C'],
    ]);
    after.props.online = true;
    await nextTick();
    expect(after.handed).toEqual([
      [
        { pupil: 'a', choice: 'B' },
        { pupil: 'b', choice: 'C' },
      ],
    ]);
    after.props.given = { a: 'B', b: 'C' };
    await nextTick();
    expect(after.roll.waiting.value).toEqual([]);
    expect(localStorage.length).toBe(0);
  });

  it('hands over again what may have been lost with the line', async () => {
    const { roll, handed, props } = scanner();
    show(roll, [3, 1]);
    roll.flush();
    props.online = false;
    await nextTick();
    props.online = true;
    await nextTick();
    expect(handed).toEqual([[{ pupil: 'a', choice: 'B' }], [{ pupil: 'a', choice: 'B' }]]);
  });

  it('tells of cards of another class when they were read several times', () => {
    const { roll } = scanner();
    for (const tMs of [0, 200]) roll.take(look([41, 0]), tMs);
    expect(roll.strange.value).toEqual([]);
    roll.take(look([41, 0]), 400);
    expect(roll.strange.value).toEqual([41]);
  });
});
