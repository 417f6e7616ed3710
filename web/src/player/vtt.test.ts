import { describe, expect, it } from 'vitest';
import { readVtt, spokenAt } from './vtt';

const TEXT = `\uFEFFWEBVTT - 课\r\n\r\nNOTE 不显示\r\n\r\n1\r\n00:01.000 --> 00:03.500 align:start\r\n<v 林晓云>你们&amp;我</v>\r\n第二行\r\n\r\n01:00:02.000 --> 01:00:04.000\r\n后来\r\n\r\n00:09.000 --> 00:08.000\r\n倒的\r\n`;

describe('readVtt', () => {
  it('reads cues as plain text, and leaves out the rest', () => {
    expect(readVtt(TEXT)).toEqual([
      { start_ms: 1_000, end_ms: 3_500, text: '你们&我\n第二行' },
      { start_ms: 3_602_000, end_ms: 3_604_000, text: '后来' },
    ]);
  });

  it.each(['', 'WEBVTT', '<html>', '00:01 --> x'])('reads %j as none', (text) => {
    expect(readVtt(text)).toEqual([]);
  });

  it('says what is spoken at a time', () => {
    const cues = readVtt(TEXT);
    expect([999, 1_000, 3_499, 3_500].map((ms) => spokenAt(cues, ms))).toEqual([
      '',
      '你们&我\n第二行',
      '你们&我\n第二行',
      '',
    ]);
  });
});
