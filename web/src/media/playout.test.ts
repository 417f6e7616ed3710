import { expect, it } from 'vitest';
import { playoutMs } from './playout';

it.each([
  [0.005, 300, 0],
  [0.05, 100, 210],
  [0.1, 100, 320],
  [0.2, 300, 630],
  [0.6, 900, 1_000],
])('with %d lost at %d ms, pictures are held back %d ms', (loss, rtt, expected) => {
  expect(playoutMs(loss, rtt)).toBe(expected);
});
