import { describe, expect, it } from 'vitest';
import { clampTime, clock, indexAt, nextStart, pageAt, previousStart, resumeAt, stepSpeed } from './timeline';

const pages = [
  { start_ms: 1000, page: 1 },
  { start_ms: 20_000, page: 2 },
  { start_ms: 45_000, page: 1 },
  { start_ms: 45_000, page: 3 },
];

describe('pageAt', () => {
  it.each([
    [0, 1],
    [1000, 1],
    [19_999, 1],
    [20_000, 2],
    [44_999, 2],
    [45_000, 3],
    [9_000_000, 3],
  ])('at %d ms page %d is shown', (ms, page) => {
    expect(pageAt(pages, ms)).toBe(page);
  });

  it('is 0 for a lesson without pages', () => {
    expect(pageAt([], 1000)).toBe(0);
  });
});

describe('steps', () => {
  it('finds nothing before the first entry', () => {
    expect(indexAt(pages, 999)).toBe(-1);
  });

  it('goes on to the next start, and nowhere after the last', () => {
    expect(nextStart(pages, 0)).toBe(1000);
    expect(nextStart(pages, 1000)).toBe(20_000);
    expect(nextStart(pages, 50_000)).toBeNull();
  });

  it('goes back to the start of this one, then to the one before', () => {
    expect(previousStart(pages, 30_000)).toBe(20_000);
    expect(previousStart(pages, 21_000)).toBe(1000);
    expect(previousStart(pages, 1500)).toBe(0);
    expect(previousStart([], 5000)).toBe(0);
  });

  it('keeps times within the recording', () => {
    expect(clampTime(-10, 1000)).toBe(0);
    expect(clampTime(2000, 1000)).toBe(1000);
    expect(clampTime(Number.NaN, 1000)).toBe(0);
  });

  it('keeps speeds within the list', () => {
    expect(stepSpeed(1, 1)).toBe(1.25);
    expect(stepSpeed(2, 1)).toBe(2);
    expect(stepSpeed(0.75, -1)).toBe(0.75);
    expect(stepSpeed(3, -1)).toBe(1);
  });
});

describe('resumeAt', () => {
  it.each([
    [null, 0],
    [Number.NaN, 0],
    [3000, 0],
    [60_000, 60_000],
    [598_000, 0],
  ])('goes on from %s at %d', (saved, start) => {
    expect(resumeAt(saved, 600_000)).toBe(start);
  });
});

describe('clock', () => {
  it.each([
    [0, '0:00'],
    [65_400, '1:05'],
    [3_723_000, '1:02:03'],
    [-5, '0:00'],
    [Number.NaN, '0:00'],
  ])('%d ms is %s', (ms, text) => {
    expect(clock(ms)).toBe(text);
  });
});
