import { describe, expect, it } from 'vitest';
import { eventsOf, resource } from './fakeLesson';
import { entriesOf, fold, search } from './search';
import { readVtt } from './vtt';

const events = eventsOf([
  [
    5_000,
    {
      kind: 'chat_added',
      line: { t_ms: 0, peer: 'p2', name: '和志强', school: '河口小学', text: '我们看到了 ＬＥＤ 灯' },
    },
  ],
  [70_000, { kind: 'marked', mark: { t_ms: 0, peer: 'p1', name: '林晓云', label: '重点：折射' } }],
]).events;
const cues = readVtt('WEBVTT\n\n00:01:30.000 --> 00:01:34.000\n光从空气斜射入水中，会发生折射。\n');
const entries = entriesOf(resource, events, cues, []);
const found = (text: string) => search(entries, text).map((hit) => [hit.kind, hit.start_ms]);

describe('search', () => {
  it('finds parts of Chinese words in pages, speech and marks, in order of time', () => {
    expect(found('折射')).toEqual([
      ['page', 0],
      ['mark', 70_000],
      ['speech', 90_000],
    ]);
  });

  it('goes to where a page was first shown', () => {
    expect(found('铅笔')).toEqual([['page', 60_000]]);
  });

  it('does not mind case and width, and wants every word', () => {
    expect(found('led')).toEqual([['chat', 5_000]]);
    expect(found('和志强 led')).toEqual([['chat', 5_000]]);
    expect(found('led 折射')).toEqual([]);
    expect(found('  ')).toEqual([]);
  });

  it('shows what matched, letter for letter', () => {
    expect(search(entries, 'Led')[0]?.snippet).toEqual(['和志强：我们看到了 ', 'ＬＥＤ', ' 灯']);
    expect(fold('㎏ＡＢ')).toHaveLength('㎏ＡＢ'.length);
  });
});
