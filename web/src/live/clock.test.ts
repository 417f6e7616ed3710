import { expect, it } from 'vitest';
import { clockText } from './clock';

it.each([
  [0, '00:00'],
  [999, '00:00'],
  [754_000, '12:34'],
  [3_600_000, '1:00:00'],
  [-5, '00:00'],
])('%d ms is %s', (ms, text) => {
  expect(clockText(ms)).toBe(text);
});
