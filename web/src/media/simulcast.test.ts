import { describe, expect, it } from 'vitest';
import { cameraEncodings, refit, screenEncodings, thin, type Taken } from './simulcast';
import type { UplinkLevel } from './uplink';

const lines = (height: number, encodings: RTCRtpEncodingParameters[]): number[] =>
  encodings.map((encoding) => Math.round(height / (encoding.scaleResolutionDownBy ?? 1)));

describe('the camera’s layers', () => {
  it.each([
    [1280, 720, ['q', 'h', 'f'], [180, 360, 720]],
    [1920, 1080, ['q', 'h', 'f'], [180, 360, 720]],
    [960, 540, ['q', 'h', 'f'], [180, 360, 540]],
    [640, 480, ['q', 'f'], [180, 480]],
    [640, 360, ['q', 'f'], [180, 360]],
    [320, 180, ['q', 'f'], [90, 180]],
  ])('of %d×%d are %j with %j lines', (width, height, rids, expected) => {
    const encodings = cameraEncodings({ width, height });
    expect(encodings.map((encoding) => encoding.rid)).toEqual(rids);
    expect(lines(height, encodings)).toEqual(expected);
  });

  it('all have a frame rate, a bitrate and a scalability mode', () => {
    for (const height of [360, 540, 720]) {
      for (const encoding of cameraEncodings({ width: (height * 16) / 9, height })) {
        expect(encoding.maxFramerate).toBeGreaterThan(0);
        expect(encoding.maxBitrate).toBeGreaterThan(0);
        expect(encoding.scalabilityMode).toMatch(/^L1T[23]$/);
      }
    }
  });

  it('never scale a small picture up', () => {
    for (const { scaleResolutionDownBy } of cameraEncodings({ width: 160, height: 120 }))
      expect(scaleResolutionDownBy).toBeGreaterThanOrEqual(1);
  });

  it('are fitted to another camera without a new negotiation', () => {
    const negotiated = cameraEncodings({ width: 1280, height: 720 });
    const fitted = refit(negotiated, { width: 640, height: 480 });
    expect(fitted.map((encoding) => encoding.rid)).toEqual(['q', 'h', 'f']);
    expect(fitted.map((encoding) => encoding.active)).toEqual([true, true, false]);
    expect(lines(480, fitted).slice(0, 2)).toEqual([180, 480]);
  });
});

describe('the screen’s layers', () => {
  it('keep text sharp: the upper one is never scaled', () => {
    expect(screenEncodings().map(({ rid, scaleResolutionDownBy }) => [rid, scaleResolutionDownBy])).toEqual([
      ['l', 2],
      ['h', 1],
    ]);
  });
});

describe('what is sent of the layers', () => {
  const negotiated = (rids: string): RTCRtpEncodingParameters[] =>
    [...rids].map((rid) => ({ rid, active: true, maxBitrate: 1_000_000, maxFramerate: 24 }));
  const sent = (rids: string, taken: string | null, level: UplinkLevel): string => {
    const wanted: Taken = taken === null ? null : new Set(taken);
    const active = thin(negotiated(rids), wanted, level).filter((encoding) => encoding.active);
    return active.map((encoding) => encoding.rid).join('');
  };

  it.each([
    ['qhf', null, 'full', 'qhf'],
    ['qhf', 'qh', 'full', 'qh'],
    ['qhf', 'qf', 'full', 'qf'],
    ['qhf', 'qhf', 'reduced', 'qh'],
    ['qf', null, 'reduced', 'qf'],
    ['qhf', 'f', 'reduced', 'h'], // who takes only the top gets the best that the uplink bears
    ['qhf', null, 'small', 'q'],
    ['qhf', 'hf', 'small', 'q'],
    ['qhf', null, 'still', 'q'],
    ['qhf', '', 'full', 'q'], // kept alive for the next who wants it
    ['lh', null, 'small', 'l'],
  ] as const)('of %s, with %s taken, at %s: %s', (rids, taken, level, expected) => {
    expect(sent(rids, taken, level)).toBe(expected);
  });

  it('is dear only on a link that is not', () => {
    expect(thin(negotiated('qf'), null, 'reduced')[1]?.maxBitrate).toBe(250_000);
    expect(thin(negotiated('qf'), null, 'full')[1]?.maxBitrate).toBe(1_000_000);
    expect(thin(negotiated('qf'), null, 'still')[0]?.maxFramerate).toBe(1);
    expect(thin(negotiated('qf'), new Set(), 'full')[0]?.maxFramerate).toBe(1);
  });
});
