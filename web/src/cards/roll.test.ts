import { describe, expect, it } from 'vitest';
import type { Letter } from './codes';
import { changesOf, rollOf, strangers, type CardPupil, type Sources } from './roll';
import type { Standing } from './votes';

const PUPILS: CardPupil[] = [
  { id: 'b', name: '李小雨', card: 7, number: 2 },
  { id: 'a', name: '王大山', card: 3, number: 1 },
  { id: 'c', name: '赵云', card: -1, number: 3 },
];

function sources(standings: Record<number, Partial<Standing>>, more: Partial<Sources> = {}): Sources {
  return {
    standing: (card) => {
      const known = standings[card];
      return known ? { turn: null, changed: false, doubt: null, lately: [], ...known } : null;
    },
    byHand: new Map(),
    given: {},
    choices: 4,
    ...more,
  };
}

const none = new Map<string, Letter | ''>();

describe('the roll', () => {
  it('has a row for each pupil, by number, with what their card says', () => {
    const rows = rollOf(PUPILS, sources({ 3: { turn: 1 }, 7: {} }));
    expect(rows.map((row) => [row.pupil.id, row.choice, row.by])).toEqual([
      ['a', 'B', 'camera'],
      ['b', '', null],
      ['c', '', null],
    ]);
    expect(changesOf(rows, none)).toEqual([{ pupil: 'a', choice: 'B' }]);
  });

  it('puts the hand above the camera, and the camera above what was there', () => {
    const given = { a: 'D', b: 'D', c: 'A' } as const;
    const byHand = new Map<string, Letter | ''>([
      ['a', 'C'],
      ['c', ''],
    ]);
    const rows = rollOf(PUPILS, sources({ 3: { turn: 1 }, 7: { turn: 0 } }, { given, byHand }));
    expect(rows.map((row) => row.choice)).toEqual(['C', 'A', '']);
    expect(changesOf(rows, new Map(Object.entries(given)))).toEqual([
      { pupil: 'a', choice: 'C' },
      { pupil: 'b', choice: 'A' },
      { pupil: 'c', choice: '' },
    ]);
  });

  it('hands nothing over that is in doubt', () => {
    const rows = rollOf(PUPILS, sources({ 3: { turn: 1, doubt: 'twice', lately: [1, 2] } }));
    expect(rows[0]).toMatchObject({ doubt: 'twice', between: ['B', 'C'] });
    expect(changesOf(rows, none)).toEqual([]);
  });

  it('asks about an edge that is no option of the question', () => {
    const rows = rollOf(PUPILS, sources({ 3: { turn: 3, lately: [3] } }, { choices: 2 }));
    expect(rows[0]).toMatchObject({ choice: '', doubt: 'choice', between: ['D'] });
    expect(changesOf(rows, none)).toEqual([]);
  });

  it('says nothing twice', () => {
    const rows = rollOf(PUPILS, sources({ 3: { turn: 1 } }));
    expect(changesOf(rows, new Map([['a', 'B']]))).toEqual([]);
  });

  it('knows the cards of others', () => {
    expect(strangers([41, 3, 40], PUPILS)).toEqual([40, 41]);
  });
});
