import { describe, expect, it } from 'vitest';
import { WHOLE_BP, differences, equalShares, metadataOf, toBp, totalBp } from './shares';
import type { Contributor, Metadata } from './types';

const person = (name: string, share_bp = 0): Contributor => ({
  ...{ name, share_bp, role: 'author', school: '', person_id: '' },
});

const META: Metadata = {
  ...{ title: '水的三态', subject: '科学', grade: '五年级', edition: '', language: 'zh-CN' },
  ...{ tier: 'basic', licence: 'CC-BY-4.0', flow: 'shared', description: '', audience: 'school' },
  contributors: [person('林晓云', WHOLE_BP)],
};

describe('equal shares', () => {
  it.each([1, 2, 3, 7, 30])('of %i people are the whole', (count) => {
    const people = equalShares(Array.from({ length: count }, (_, n) => person(String(n))));
    expect(totalBp(people)).toBe(WHOLE_BP);
    const shares = people.map((one) => one.share_bp);
    expect(Math.max(...shares) - Math.min(...shares)).toBeLessThanOrEqual(1);
  });

  it('of nobody are nothing', () => expect(equalShares([])).toEqual([]));
});

it('takes a percentage as it is typed', () => {
  expect([12.5, 33.333, -1, 200, NaN].map(toBp)).toEqual([1250, 3333, 0, WHOLE_BP, 0]);
});

it('finds in what two versions differ', () => {
  expect(differences(META, metadataOf(META))).toEqual([]);
  const after = {
    ...metadataOf(META),
    tier: 'innovative' as const,
    contributors: [person('杨秀英', WHOLE_BP)],
  };
  expect(differences(META, after)).toEqual(['tier', 'contributors']);
});

it('copies what is edited, so that cancelling loses nothing', () => {
  const copy = metadataOf(META);
  const [first] = copy.contributors;
  if (first) first.name = '别人';
  expect(META.contributors[0]?.name).toBe('林晓云');
});
