import { describe, expect, it } from 'vitest';
import { dayInWords, daysBetween, durationInWords, megabytes, timeOfDay, whenInWords } from './format';

const now = new Date(2026, 10, 22, 9, 30); // a Sunday

describe('dayInWords', () => {
  it.each([
    [new Date(2026, 10, 22, 0, 0), '今天', 'Today'],
    [new Date(2026, 10, 22, 23, 59), '今天', 'Today'],
    [new Date(2026, 10, 23, 0, 0), '明天', 'Tomorrow'],
    [new Date(2026, 10, 21, 23, 59), '昨天', 'Yesterday'],
    [new Date(2026, 10, 25, 8, 0), '11月25日 周三', 'Wed 25 Nov'],
    [new Date(2027, 0, 4, 8, 0), '2027年1月4日 周一', 'Mon, 4 Jan 2027'],
  ])('says %s as people do', (moment, chinese, english) => {
    expect(dayInWords(moment, now, 'zh-CN')).toBe(chinese);
    expect(dayInWords(moment, now, 'en').replace(',', '')).toBe(english.replace(',', ''));
  });

  it('counts calendar days, not 24 hours', () => {
    expect(daysBetween(new Date(2026, 10, 22, 23, 59), new Date(2026, 10, 23, 0, 1))).toBe(1);
  });
});

describe('whenInWords', () => {
  it('gives day and time', () => {
    expect(whenInWords(new Date(2026, 10, 23, 8, 5).toISOString(), now, 'zh-CN')).toBe('明天 8:05');
  });

  it('is empty for a time that is none', () => {
    expect(whenInWords('昨天', now, 'zh-CN')).toBe('');
  });

  it('pads minutes', () => {
    expect(timeOfDay(new Date(2026, 0, 1, 0, 0))).toBe('0:00');
  });
});

describe('durationInWords', () => {
  it.each([
    [45_000, '45 秒', '45 s'],
    [2_400_000, '40 分钟', '40 min'],
    [3_900_000, '1 小时 5 分', '1 h 5 min'],
    [7_200_000, '2 小时', '2 h'],
    [3_590_000, '1 小时', '1 h'],
  ])('%d ms is %s', (ms, chinese, english) => {
    expect(durationInWords(ms, 'zh-CN')).toBe(chinese);
    expect(durationInWords(ms, 'en')).toBe(english);
  });
});

describe('megabytes', () => {
  it.each([
    [0, '0.0 MB'],
    [1, '0.1 MB'],
    [4_240_000, '4.2 MB'],
    [143_600_000, '144 MB'],
  ])('%d bytes are %s', (bytes, text) => {
    expect(megabytes(bytes)).toBe(text);
  });
});
