import { describe, expect, it } from 'vitest';
import { isBlack, latencyWord, median, worst } from './checkWords';

describe('the way to the server', () => {
  it.each([
    [20, 'good'],
    [150, 'good'],
    [151, 'fair'],
    [400, 'fair'],
    [401, 'slow'],
  ])('%d ms is %s', (ms, word) => {
    expect(latencyWord(ms)).toBe(word);
  });

  it('takes the middle answer', () => {
    expect(median([30, 900, 40])).toBe(40);
    expect(median([])).toBeNull();
  });
});

describe('isBlack', () => {
  it('sees a covered lens', () => {
    expect(isBlack(new Uint8ClampedArray([0, 0, 0, 255, 16, 3, 9, 255]))).toBe(true);
  });

  it('takes one lit pixel as a picture, whatever its transparency', () => {
    expect(isBlack(new Uint8ClampedArray([0, 0, 0, 255, 0, 17, 0, 255]))).toBe(false);
  });
});

describe('worst', () => {
  it.each([
    [['ok', 'ok'], 'ok'],
    [['ok', 'ask'], 'ask'],
    [['ask', 'busy'], 'busy'],
    [['busy', 'bad', 'ok'], 'bad'],
    [[], 'ok'],
  ] as const)('of %j is %s', (states, state) => {
    expect(worst(states)).toBe(state);
  });
});
