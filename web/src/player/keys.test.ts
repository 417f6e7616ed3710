import { describe, expect, it } from 'vitest';
import { Taps, keyAction, keyUse } from './keys';

describe('keyAction', () => {
  it.each([
    [' ', 'DIV', '', 'toggle'],
    [' ', 'BUTTON', '', null],
    [' ', 'INPUT', 'checkbox', null],
    [']', 'INPUT', 'checkbox', 'faster'],
    ['M', 'BUTTON', '', 'mute'],
    ['J', 'DIV', '', 'back'],
    ['PageDown', 'DIV', '', 'nextPage'],
    ['ArrowRight', 'INPUT', 'range', 'forward5'],
    ['7', 'DIV', '', 0.7],
    ['7', 'INPUT', 'text', null],
    ['m', 'INPUT', 'search', null],
    ['+', 'SELECT', '', null],
    ['x', 'DIV', '', null],
  ])('%j on %s %s is %s', (key, tag, type, action) => {
    expect(keyAction(key, keyUse(tag, type))).toBe(action);
  });
});

describe('Taps', () => {
  it.each([
    [[0.1, 0.1], [0, 200], -1],
    [[0.9, 0.9], [0, 200], 1],
    [[0.5, 0.5], [0, 200], 0],
    [[0.1, 0.9], [0, 200], 0],
    [[0.1, 0.1], [0, 400], 0],
  ])('two taps at %j at %j ms: %d', ([first = 0, second = 0], [one = 0, two = 0], side) => {
    const taps = new Taps();
    expect(taps.tap(first, one)).toBe(0);
    expect(taps.tap(second, two)).toBe(side);
  });
});
