/** A lesson's log for tests: pages, strokes, a question. */
import type { EventBody, InkObject, Snapshot } from '@/generated/messages';
import { encodePoints } from '@/ink/points';
import type { LessonEvents, Resource, TimedEvent } from './resource';

export const FIRST = {
  seq: 0,
  t_ms: 0,
  lesson: { id: 'abcd2345', title: '光的折射' },
  deck: { id: 'd1', title: '光的折射', pages: 3, page_url: '', titles: [], widths: [], ratios: [] },
  page: 1,
  participants: [],
  lead: null,
  called_on: null,
  chat: [],
  marks: [],
  quiz: { asked: [], past: [], sheets: [], sources: [] },
  board: { shown: '', boards: 0, authors: [{ peer: 'p1', last: 0 }], writers: [], surfaces: [] },
} as unknown as Snapshot;

export function eventsOf(bodies: readonly (readonly [number, EventBody])[], first = FIRST): LessonEvents {
  const events: TimedEvent[] = bodies.map(([t_ms, body], n) => ({ seq: n + 1, t_ms, body }));
  return { version: 1, first, events };
}

/** A stroke from the left to the right. */
export function stroke(n: number, width = 8_000): InkObject {
  const points = [0, 1, 2, 3, 4].map((part) => ({ x: 1_000 + (part * width) / 4, y: 2_000, pressure: -1 }));
  return { id: `0.${n}`, points: encodePoints(points) };
}

export const written = (n: number, tookMs = 400): EventBody => ({
  kind: 'ink_added',
  object: stroke(n),
  took_ms: tookMs,
});

export const turned = (page: number): EventBody => ({ kind: 'page_turned', page, title: '' });

export const resource: Resource = {
  recording: 'rec1',
  title: '光的折射',
  recorded_wall_ms: 0,
  duration_ms: 600_000,
  renditions: [],
  chapters: [],
  pages: [
    { start_ms: 0, page: 1 },
    { start_ms: 60_000, page: 2 },
  ],
  page_files: [
    { page: 1, title: '光的折射', text: '光的折射\n五年级科学', path: 'pages/a.webp' },
    { page: 2, title: '观察', text: '把铅笔斜插入水中，看起来像折断了', path: 'pages/b.webp' },
  ],
};
