import { describe, expect, it } from 'vitest';
import { bestWay, isBlack, latencyWord, median, wayOf, worst } from './checkWords';

describe('the way to the server', () => {
  it.each([
    [20, 'good'],
    [150, 'good'],
    [151, 'fair'],
    [400, 'fair'],
    [401, 'slow'],
  ])('%d ms is %s', (ms, word) => {
    expect(latencyWord(ms)).toBe(word);
  });

  it('takes the middle answer', () => {
    expect(median([30, 900, 40])).toBe(40);
    expect(median([])).toBeNull();
  });
});

describe('isBlack', () => {
  it('sees a covered lens', () => {
    expect(isBlack(new Uint8ClampedArray([0, 0, 0, 255, 16, 3, 9, 255]))).toBe(true);
  });

  it('takes one lit pixel as a picture, whatever its transparency', () => {
    expect(isBlack(new Uint8ClampedArray([0, 0, 0, 255, 0, 17, 0, 255]))).toBe(false);
  });
});

describe('worst', () => {
  it.each([
    [['ok', 'ok'], 'ok'],
    [['ok', 'ask'], 'ask'],
    [['ask', 'busy'], 'busy'],
    [['busy', 'bad', 'ok'], 'bad'],
    [[], 'ok'],
  ] as const)('of %j is %s', (states, state) => {
    expect(worst(states)).toBe(state);
  });
});

describe('the way through a relay', () => {
  it.each([
    ['turn:10.0.0.1', { path: 'turn_udp', port: 3478 }],
    ['turn:turn.school.cn:3479?transport=udp', { path: 'turn_udp', port: 3479 }],
    ['turn:turn.school.cn:80?transport=tcp', { path: 'turn_tcp', port: 80 }],
    ['turns:turn.school.cn:443?transport=tcp', { path: 'turn_tls', port: 443 }],
    ['turns:[fd00::1]', { path: 'turn_tls', port: 5349 }],
  ] as const)('%s', (url, way) => {
    expect(wayOf(url)).toEqual(way);
  });

  it.each(['stun:a', 'turn:', 'https://a'])('is none in %s', (url) => {
    expect(wayOf(url)).toBeNull();
  });

  it.each([
    [[true, true], 'udp'],
    [[false, true], 'turn_tcp'],
    [[false, false], 'none'],
    [[null, true], 'turn_tcp'],
    [[null, null], 'unknown'],
  ] as const)('best of %j', ([straight, relayed], best) => {
    expect(
      bestWay([
        { path: 'turn_tcp', open: relayed },
        { path: 'udp', open: straight },
      ]),
    ).toBe(best);
  });
});
