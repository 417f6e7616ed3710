import { describe, expect, it } from 'vitest';
import type { EventBody } from '@/generated/messages';
import { eventsOf, resource } from './fakeLesson';
import { guestSpans, isWithin, questionsOf, screenSpans } from './story';

const question = {
  ...{ id: 'q1', kind: 'single' as const, title: '折射角____入射角', options: ['大于', '等于', '小于'] },
  ...{ page: 1, exit_ticket: false, prepared: '' },
};
const tally = (classroom: string, counts: number[], answered: number) => ({
  ...{ classroom, counts, answered, of: 20, by_hands: false },
});
const asked: EventBody = { kind: 'question_asked', question };

describe('questionsOf', () => {
  const log = eventsOf([
    [10_000, asked],
    [12_000, { kind: 'tally_changed', question: 'q1', tallies: [tally('a', [1, 0, 2], 3)] }],
    [
      15_000,
      {
        kind: 'tally_changed',
        question: 'q1',
        tallies: [tally('a', [1, 0, 5], 6), tally('b', [0, 4, 0], 4)],
      },
    ],
    [20_000, { kind: 'answer_revealed', question: 'q1', answer: 'C' }],
  ]).events;

  it('sums the last counts of all classrooms', () => {
    expect(questionsOf(resource, log)).toEqual([
      { ...question, start_ms: 10_000, correct: 'C', counts: [1, 4, 5], answered: 10, of: 40 },
    ]);
  });

  it('knows the key though it was never said in class, and questions without a log', () => {
    const key = { ...question, question: 'q1', correct: 'B', start_ms: 9_000 };
    expect(questionsOf({ ...resource, answers: [key] }, log.slice(0, 1))[0]).toMatchObject({
      correct: 'B',
      start_ms: 10_000,
      answered: 0,
    });
    expect(questionsOf({ ...resource, answers: [key] }, [])[0]).toMatchObject({ id: 'q1', start_ms: 9_000 });
  });
});

describe('spans', () => {
  const log = eventsOf([
    [-1_000, { kind: 'source_published', peer: 'p1', source: 'screen' }],
    [5_000, { kind: 'called_on', peer: 'p2' }],
    [8_000, { kind: 'called_on', peer: 'p3' }],
    [9_000, { kind: 'called_on', peer: null }],
    [20_000, { kind: 'source_unpublished', peer: 'p1', source: 'screen' }],
    [30_000, { kind: 'called_on', peer: 'p2' }],
  ]);

  it('has the screen while it was shared, and guests while one was called on', () => {
    expect(screenSpans(log, 40_000)).toEqual([{ from_ms: 0, to_ms: 20_000 }]);
    expect(guestSpans(log, 40_000)).toEqual([
      { from_ms: 5_000, to_ms: 9_000 },
      { from_ms: 30_000, to_ms: 40_000 },
    ]);
    expect([4_999, 5_000, 8_999, 9_000].map((ms) => isWithin(guestSpans(log, 40_000), ms))).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});
