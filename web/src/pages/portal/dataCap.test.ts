import { describe, expect, it } from 'vitest';
import { capOf, ceilings, kindOf, megabytesAnHour } from './dataCap';

describe('a data cap', () => {
  it('is told in megabytes an hour', () => {
    expect(megabytesAnHour(300)).toBe(135);
    expect(megabytesAnHour(64)).toBe(29);
  });

  it.each([
    ['none', { ceiling_kbps: null, video: true }],
    ['ceiling', { ceiling_kbps: 300, video: true }],
    ['slides', { ceiling_kbps: null, video: false }],
  ] as const)('%s is what is stored and read again', (kind, cap) => {
    expect(capOf(kind, 300)).toEqual(cap);
    expect(kindOf(cap)).toBe(kind);
  });

  it('offers the rate that is set, also an unusual one', () => {
    expect(ceilings(64)[0]).toBe(64);
    expect(ceilings(300).filter((rate) => rate === 300)).toHaveLength(1);
    expect(ceilings(null)).toContain(300);
  });
});
