import { describe, expect, it } from 'vitest';
import type { Link, Links } from '@/generated/messages';
import { withLinks } from './links';

const link = (peer: string, rtt_ms = 40): Link => ({
  peer,
  rung: 'clear',
  rtt_ms,
  loss_pct: 0,
  down_bps: 900_000,
  audio_ok: true,
  path: 'udp',
  uplink_loss_pct: 0,
  state: 'ok',
  limited: false,
  bytes_down: 0,
});
const told = (links: Link[], whole = false, gone: string[] = []): Links => ({
  type: 'links',
  links,
  whole,
  gone,
});
const known = withLinks(new Map(), told([link('a'), link('b')], true));

describe('links', () => {
  it('replaces those that a notice names, and keeps the others', () => {
    const next = withLinks(known, told([link('b', 900), link('c')]));
    expect([...next.values()].map(({ peer, rtt_ms }) => [peer, rtt_ms])).toEqual([
      ['a', 40],
      ['b', 900],
      ['c', 40],
    ]);
    expect(known.get('b')?.rtt_ms).toBe(40);
  });

  it('forgets who is gone', () => {
    expect([...withLinks(known, told([], false, ['a'])).keys()]).toEqual(['b']);
  });

  it('forgets everything that a whole notice does not name', () => {
    expect([...withLinks(known, told([link('c')], true)).keys()]).toEqual(['c']);
  });
});
