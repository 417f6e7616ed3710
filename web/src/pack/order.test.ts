import { describe, expect, it } from 'vitest';
import {
  filesOf,
  isManifest,
  lessonOfPages,
  totalBytes,
  type ItemKind,
  type Manifest,
  type PackItem,
} from './manifest';
import { inOrder, pauseMs, toEvict, toForget } from './order';

function item(kind: ItemKind, sha: number, page = 0): PackItem {
  const sha256 = sha.toString(16).padStart(64, '0');
  return { kind, sha256, bytes: 10, mime: 'image/webp', url: `/api/lessons/l1/pack/${sha256}`, page };
}
const pack = (...items: PackItem[]): Manifest => ({
  lesson: 'l1',
  deck: 'd',
  version: 'a'.repeat(64),
  items,
});
const full = pack(item('clip', 9), ...[1, 2, 3, 4, 5].map((n) => item('page', n, n)), item('quiz', 8));

describe('what is fetched next', () => {
  it('takes pages from the first on before class', () => {
    expect(inOrder(full).map((one) => one.page)).toEqual([1, 2, 3, 4, 5, 0, 0]);
    expect(
      inOrder(full)
        .map((one) => one.kind)
        .slice(-2),
    ).toEqual(['quiz', 'clip']);
  });
  it('takes the page that is shown, then what follows, then what was before, in class', () => {
    expect(inOrder(full, 3).map((one) => one.page)).toEqual([3, 4, 5, 2, 1, 0, 0]);
  });
  it('fetches what is there twice once', () => {
    const twice = pack(item('page', 1, 1), item('page', 1, 2), item('page', 2, 3));
    expect(inOrder(twice)).toHaveLength(2);
    expect(filesOf(twice)).toHaveLength(2);
    expect(totalBytes(twice)).toBe(20);
  });
});

describe('what goes for want of room', () => {
  it('never takes a lesson that comes, and the oldest first', () => {
    const kept = [
      { lesson: 'new', wantedAt: 30 },
      { lesson: 'old', wantedAt: 10 },
      { lesson: 'coming', wantedAt: 1 },
    ];
    expect(toEvict(kept, new Set(['coming']))).toEqual(['old', 'new']);
    const month = 31 * 86_400_000;
    expect(toForget(kept, new Set(['coming']), 20 + month)).toEqual(['old', 'new']);
    expect(toForget(kept, new Set(['coming']), 40)).toEqual([]);
  });
});

describe('a pause', () => {
  it('grows to a minute and is never nothing', () => {
    expect(pauseMs(0, 0)).toBe(500);
    expect(pauseMs(3, 0.5)).toBe(6000);
    expect(pauseMs(99, 0.999)).toBeLessThanOrEqual(60_000);
  });
});

describe('a manifest', () => {
  it('is taken only when its files are of its own lesson', () => {
    expect(isManifest(full, 'l1')).toBe(true);
    for (const wrong of [
      null,
      {},
      { ...full, lesson: 'l2' },
      { ...full, version: 'x' },
      { ...full, items: [{ ...item('page', 1), url: 'https://elsewhere/x' }] },
      { ...full, items: [{ ...item('page', 1), bytes: -1 }] },
      { ...full, items: [{ ...item('page', 1), kind: 'script' }] },
    ])
      expect(isManifest(wrong, 'l1')).toBe(false);
  });
  it('knows the lesson of an address', () => {
    expect(lessonOfPages('/api/lessons/abcd2345/pages/{page}?deck=1')).toBe('abcd2345');
    expect(lessonOfPages('/api/recordings/x/pages/1')).toBe('');
  });
});
