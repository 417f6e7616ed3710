import { describe, expect, it } from 'vitest';
import { surfaceNamed } from '@/ink/board';
import type { EventBody } from '@/generated/messages';
import { FIRST, eventsOf, turned, written } from './fakeLesson';
import { Replay, countUntil } from './replay';
import { applyEvent } from '@/session/replica';

const PAGE = 'page:d1:1';
const lesson = eventsOf([
  [-5_000, turned(1)],
  [1_000, written(1)],
  [2_000, written(2)],
  [3_000, turned(2)],
  [4_000, written(3)],
  [5_000, { kind: 'ink_removed', ids: ['0.3'], by: 'p1' }],
  [6_000, turned(1)],
]);
const start = FIRST;

function many(strokes: number): ReturnType<typeof eventsOf> {
  const bodies: [number, EventBody][] = [];
  for (let n = 1; n <= strokes; n++) bodies.push([n * 1_000, written(n)]);
  return eventsOf(bodies);
}

describe('Replay', () => {
  it.each([
    [0, 1, 0, 0],
    [1_999, 1, 1, 0],
    [2_000, 1, 2, 0],
    [3_500, 2, 2, 0],
    [4_500, 2, 2, 1],
    [5_500, 2, 2, 0],
    [9_000, 1, 2, 0],
  ])('at %d ms page %d is shown, with %d and %d strokes', (ms, page, one, two) => {
    const state = new Replay(lesson, start).at(ms);
    expect(state.page).toBe(page);
    expect(surfaceNamed(state.board, PAGE).objects).toHaveLength(one);
    expect(surfaceNamed(state.board, 'page:d1:2').objects).toHaveLength(two);
  });

  it('is the state of a reducer that went there in one go, whatever way it came', () => {
    const long = many(500);
    const replay = new Replay(long, start);
    const states = [start];
    let state = start;
    for (const event of long.events) {
      state = applyEvent(state, { type: 'event', ...event });
      states.push(state);
    }
    for (const at of [300, 10, 11, 200, 499, 0, 64, 63, 65, 128, 500, 129])
      expect(replay.at(at * 1_000)).toEqual(states[at]);
  });

  it('is the very same object while nothing happens', () => {
    const replay = new Replay(lesson, start);
    expect(replay.at(1_100)).toBe(replay.at(1_900));
  });

  it('applies at most 64 events for a seek in a lesson of 2,000 strokes', () => {
    const replay = new Replay(many(2_000), start);
    while (!replay.prepare(20)) continue;
    for (const at of [2_000, 1, 1_999, 1_000, 1_500, 1_499]) {
      const before = replay.steps;
      expect(surfaceNamed(replay.at(at * 1_000).board, PAGE).objects).toHaveLength(at);
      expect(replay.steps - before).toBeLessThanOrEqual(64);
    }
  });

  it('stays where it is while states are kept ahead', () => {
    const replay = new Replay(many(200), start);
    const here = replay.at(70_500);
    while (!replay.prepare(20)) continue;
    expect(replay.at(70_900)).toBe(here);
    expect(surfaceNamed(replay.at(71_000).board, PAGE).objects).toHaveLength(71);
  });

  it('goes on over an event that a cut left out', () => {
    const cut = { ...lesson, events: lesson.events.filter((one) => one.seq !== 3) };
    expect(surfaceNamed(new Replay(cut, start).at(9_000).board, PAGE).objects).toHaveLength(1);
  });

  it('counts events at and before a time', () => {
    expect([-6_000, -5_000, 999, 1_000, 60_000].map((ms) => countUntil(lesson.events, ms))).toEqual([
      0, 1, 1, 2, 7,
    ]);
  });
});
