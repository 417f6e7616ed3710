import { describe, expect, it } from 'vitest';
import { filledMs, type Filled, type Resource } from './resource';

const resource = (filled?: readonly Filled[]): Resource => ({
  recording: 'r',
  title: '',
  recorded_wall_ms: 0,
  duration_ms: 0,
  renditions: [],
  chapters: [],
  pages: [],
  ...(filled ? { filled } : {}),
});
const span = (start_ms: number, end_ms: number): Filled => ({
  rendition: 'lecturer',
  what: 'sound',
  start_ms,
  end_ms,
});

describe('what was brought later', () => {
  it('is nothing of a recording that lost nothing, or of before it was told', () => {
    expect([filledMs(resource()), filledMs(resource([]))]).toEqual([0, 0]);
  });

  it('counts sound and picture of one moment once', () => {
    expect(filledMs(resource([span(50_000, 60_000), span(5_000, 9_000), span(7_000, 12_000)]))).toBe(17_000);
  });
});
