import { describe, expect, it } from 'vitest';
import type { Sighting } from './detector';
import { CardVotes } from './votes';

const CORNERS = [0, 0, 1, 0, 1, 1, 0, 1];

function seen(...cards: [card: number, turn: number][]): Sighting[] {
  return cards.map(([card, turn]) => ({ state: 'read', card, turn, corners: CORNERS, side: 30 }));
}

/** Show one card in pictures 200 ms apart. */
function show(votes: CardVotes, turns: number[], fromMs = 0): void {
  turns.forEach((turn, i) => votes.see(seen([5, turn]), fromMs + i * 200));
}

describe('a card', () => {
  it('counts when two pictures read it alike', () => {
    const votes = new CardVotes();
    expect(votes.see(seen([5, 2]), 0)).toEqual([]);
    expect(votes.of(5)?.turn).toBeNull();
    expect(votes.see(seen([5, 2]), 200)).toEqual([5]);
    expect(votes.of(5)).toMatchObject({ turn: 2, changed: false, doubt: null });
  });

  it('does not count by two pictures of one moment', () => {
    const votes = new CardVotes();
    votes.see(seen([5, 2]), 0);
    votes.see(seen([5, 2]), 30);
    expect(votes.of(5)?.turn).toBeNull();
  });

  it('does not count by two readings that differ, nor by two that are long apart', () => {
    const votes = new CardVotes();
    show(votes, [2, 3]);
    expect(votes.of(5)?.turn).toBeNull();
    votes.see(seen([5, 3]), 30_000);
    expect(votes.of(5)?.turn).toBeNull();
  });

  it('that is turned on purpose is changed after three readings, and it is told', () => {
    const votes = new CardVotes();
    show(votes, [0, 0, 1, 1]);
    expect(votes.of(5)).toMatchObject({ turn: 0, changed: false });
    show(votes, [1], 800);
    expect(votes.of(5)).toMatchObject({ turn: 1, changed: true, doubt: null });
  });

  it('that goes to and fro is asked, until it is held still', () => {
    const votes = new CardVotes();
    show(votes, [0, 0, 1, 0, 1]);
    expect(votes.of(5)).toMatchObject({ turn: 0, doubt: 'changing', lately: [0, 1] });
    show(votes, [1, 1, 1], 1000);
    expect(votes.of(5)).toMatchObject({ turn: 1, doubt: null });
  });

  it('in two places is nobody’s answer, and is itself again when the other is gone', () => {
    const votes = new CardVotes();
    votes.see(seen([5, 0], [5, 3]), 0);
    expect(votes.see(seen([5, 0], [5, 3]), 200)).toEqual([]);
    expect(votes.of(5)).toMatchObject({ turn: null, doubt: 'twice', lately: [0, 3] });
    show(votes, [3, 3], 2000);
    expect(votes.of(5)).toMatchObject({ turn: 3, doubt: null });
  });

  it('in two places stays flagged no longer than they are seen', () => {
    const votes = new CardVotes();
    show(votes, [1, 1]);
    votes.see(seen([5, 1], [5, 1]), 600);
    expect(votes.of(5)).toMatchObject({ turn: 1, doubt: 'twice' });
    expect(votes.see([], 3000)).toEqual([5]);
    expect(votes.of(5)).toMatchObject({ turn: 1, doubt: null });
  });

  it('that is tilted or unclear says nothing', () => {
    const votes = new CardVotes();
    for (const tMs of [0, 200, 400])
      votes.see([{ state: 'tilted', card: 5, turn: 1, corners: CORNERS, side: 30 }], tMs);
    expect(votes.of(5)).toBeNull();
  });
});
