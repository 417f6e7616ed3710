import { describe, expect, it } from 'vitest';
import { embedCode, isGiven, sitesOf } from './words';

describe('the words of links', () => {
  it('reads sites in whatever form they are typed', () => {
    expect(sitesOf(' https://a.cn/ \n\nhttps://b.cn，https://a.cn ')).toEqual([
      'https://a.cn',
      'https://b.cn',
    ]);
    expect(sitesOf(' \n')).toEqual([]);
  });

  it('lets no title out of its attribute', () => {
    const code = embedCode('https://a.cn/embed/x', '水的"三态"<b>&');
    expect(code).toContain('title="水的&quot;三态&quot;&lt;b>&amp;"');
    expect(code.match(/<iframe/g)).toHaveLength(1);
  });

  it('gives what has consent far enough', () => {
    const one = { name: 'guest', bytes: 1, minors: true, leaves: ['school' as const, 'region' as const] };
    expect([isGiven(one, 'anyone'), isGiven(one, 'region'), isGiven(one, 'school')]).toEqual([
      false,
      true,
      true,
    ]);
  });
});
