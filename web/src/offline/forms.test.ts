import { describe, expect, it } from 'vitest';
import { cmi5Url, packUrl, reportsIn, shapeName, zimUrl } from './forms';

describe('an exported file of uses', () => {
  it('is sent envelope by envelope when a library signed it', () => {
    expect(
      reportsIn('{"kind":"tongtang-uses","version":1,"signed":[{"payload":"a"},{"payload":"b"}]}'),
    ).toEqual([{ signed: { payload: 'a' } }, { signed: { payload: 'b' } }]);
  });

  it('is sent in portions when a person brings it', () => {
    const uses = Array.from({ length: 301 }, (_, n) => ({ id: String(n) }));
    const found = reportsIn(JSON.stringify({ kind: 'tongtang-uses', uses }));
    expect(found?.map((one) => ('uses' in one ? one.uses.length : 0))).toEqual([150, 150, 1]);
  });

  it.each(['', 'null', '[]', '{}', '{"kind":"other","uses":[]}', '{"kind":"tongtang-uses"}'])(
    'is refused when it is something else: %s',
    (text) => {
      expect(reportsIn(text)).toBeNull();
    },
  );
});

describe('a pack', () => {
  it('is named by the heaviest in it', () => {
    const shape = { tiers: ['light', 'low'], bytes: 1, fits_fat32: true };
    expect(shapeName(shape)).toBe('low');
    expect(shapeName({ ...shape, tiers: ['light', 'low', 'original'] })).toBe('original');
    expect(packUrl('a/b', shape)).toBe('/api/packs/a%2Fb.zip?tiers=light,low');
    expect(zimUrl('a/b', shape)).toBe('/api/packs/a%2Fb.zim?tiers=light,low');
    expect(cmi5Url('a/b', shape)).toBe('/api/packs/a%2Fb/cmi5.zip?tiers=light,low');
  });
});
