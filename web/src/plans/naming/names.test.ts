import { describe, expect, it } from 'vitest';
import { askedIn, matching, namedIn, pieces } from './names';

const LIN = { id: 'lin', name: '林晓云', school: '春城实验小学' };
const XIAO = { id: 'xiao', name: '林晓', school: '河口小学' };
const HE = { id: 'he', name: '和志强', school: '河口小学' };
const PEOPLE = [XIAO, LIN, HE];

describe('naming people', () => {
  it.each([
    ['@', false, ''],
    ['请＠林', false, '林'],
    ['（@河口', false, '河口'],
    ['@林xiao', true, '林'], // the rest is pinyin under composition
    ["@l'x", true, ''],
    ['lin@school', false, null], // an address
    ['@林 晓', false, null],
    ['@一二三四五六七八九十一二三', false, null],
    ['林', false, null],
  ] as const)('%s, composing %s: asks for %s', (before, composing, query) => {
    expect(askedIn(before, composing)?.query ?? null).toBe(query);
  });

  it('offers by the begin of the name, then by any part, then by the school', () => {
    const offered = (query: string) => matching(PEOPLE, query).map((one) => one.id);
    expect(offered('')).toHaveLength(3);
    expect(new Set(offered('林'))).toEqual(new Set(['lin', 'xiao']));
    expect(offered('强')).toEqual(['he']);
    expect(new Set(offered('河口'))).toEqual(new Set(['he', 'xiao']));
    expect(offered('zhang')).toEqual([]);
  });

  it('finds the longest of names that begin alike, each once', () => {
    expect(namedIn('@林晓云 和 ＠和志强：@林晓云看', PEOPLE)).toEqual(['lin', 'he']);
    expect(namedIn('@林晓，林晓云，@', PEOPLE)).toEqual(['xiao']);
    const text = '请@林晓云看@谁';
    expect(pieces(text, PEOPLE).map((one) => one.text)).toEqual(['请', '@林晓云', '看@谁']);
    expect(pieces('', PEOPLE)).toEqual([]);
  });
});
