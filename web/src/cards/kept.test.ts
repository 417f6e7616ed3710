// @vitest-environment happy-dom
import { beforeEach, describe, expect, it } from 'vitest';
import { loadKept, saveKept } from './kept';

const DAY_MS = 24 * 3600_000;

describe('answers that wait for the line', () => {
  beforeEach(() => localStorage.clear());

  it('survive a reload, under their question', () => {
    saveKept('q1', new Map([['a', 'B']]), 1000);
    expect([...loadKept('q1', 2000)]).toEqual([['a', 'B']]);
    expect(loadKept('q2', 2000).size).toBe(0);
  });

  it('are forgotten when they are handed over, and after a day', () => {
    saveKept('q1', new Map([['a', 'B']]), 1000);
    expect(loadKept('q1', 1001 + DAY_MS).size).toBe(0);
    saveKept('q1', new Map(), 2000);
    expect(localStorage.length).toBe(0);
  });

  it('are not believed when somebody else wrote there', () => {
    localStorage.setItem('tongtang.cards.q1', '{"tMs": 1, "answers": {"a": "Z", "b": "C"}}');
    expect([...loadKept('q1', 2)]).toEqual([['b', 'C']]);
    localStorage.setItem('tongtang.cards.q1', 'not json');
    expect(loadKept('q1', 2).size).toBe(0);
  });

  it('of more than twenty questions push out the oldest', () => {
    for (let i = 0; i < 25; i += 1) saveKept(`q${i}`, new Map([['a', 'A']]), 1000 + i);
    expect(localStorage.length).toBe(20);
    expect(loadKept('q24', 2000).size).toBe(1);
    expect(loadKept('q0', 2000).size).toBe(0);
  });
});
