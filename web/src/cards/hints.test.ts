import { describe, expect, it } from 'vitest';
import type { Sighting } from './detector';
import { hintOf } from './hints';

function of(state: Sighting['state'], side: number): Sighting {
  return { state, card: 1, turn: 0, corners: [], side };
}

describe('the remark on a picture', () => {
  it('is about light when nothing is read in the dark', () => {
    expect(hintOf([], 20)).toEqual({ kind: 'dark' });
    expect(hintOf([of('read', 40)], 20)).toBeNull();
    expect(hintOf([], 90)).toBeNull();
  });

  it('asks to come nearer when small markers are not read', () => {
    expect(hintOf([of('unclear', 15), of('read', 40)], 90)).toEqual({ kind: 'far' });
  });

  it('counts cards that are held badly', () => {
    expect(hintOf([of('tilted', 40), of('read', 40)], 90)).toEqual({ kind: 'tilted', count: 1 });
    expect(hintOf([of('unclear', 40), of('read', 40)], 90)).toEqual({ kind: 'covered', count: 1 });
  });
});
