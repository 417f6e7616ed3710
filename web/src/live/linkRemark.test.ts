import { describe, expect, it } from 'vitest';
import type { Link } from '@/generated/messages';
import { isGone, megabytes, remarkOf } from './linkRemark';

const link = (change: Partial<Link> = {}): Link => ({
  peer: 'k1',
  rung: 'clear',
  rtt_ms: 80,
  loss_pct: 0.4,
  down_bps: 900_000,
  audio_ok: true,
  path: 'udp',
  uplink_loss_pct: 0,
  state: 'ok',
  limited: false,
  bytes_down: 0,
  ...change,
});

describe('what is said of a link', () => {
  it.each([
    ['a good one', {}, 'good'],
    ['lossy', { loss_pct: 8 }, 'loss'],
    ['slow', { rtt_ms: 700 }, 'slow'],
    ['so narrow that no picture fits', { rung: 'slides_audio' }, 'weak'],
    [
      'one that the school limits, though it loses',
      { limited: true, rung: 'smooth', loss_pct: 8 },
      'limited',
    ],
    ['one that was not heard for a moment', { state: 'suspect' }, 'unsteady'],
    [
      'one by which no voice arrives, first of all',
      { audio_ok: false, limited: true, state: 'suspect' },
      'noSound',
    ],
  ] as const)('%s', (_, change, remark) => {
    expect(remarkOf(link(change))).toBe(remark);
  });

  it.each([
    [link(), true, false],
    [null, true, false],
    [link(), false, true],
    [link({ path: 'none' }), true, true],
    [link({ state: 'outage' }), true, true],
  ])('%#: gone or not', (one, online, gone) => {
    expect(isGone(one, online)).toBe(gone);
  });
});

it.each([
  [0, '0.0'],
  [3_240_000, '3.2'],
  [47_400_000, '47'],
  [512_000_000, '512'],
])('%d bytes are %s MB', (bytes, text) => {
  expect(megabytes(bytes)).toBe(text);
});
