import { describe, expect, it } from 'vitest';
import type { Participant } from '@/generated/messages';
import { hasMic, isHeard, roomLine } from './roomState';

function room(change: Partial<Participant>): Participant {
  return {
    peer: 'k1',
    role: 'classroom',
    name: '三年级一班',
    school: '河口小学',
    classroom: 'c1',
    online: true,
    hand: false,
    hand_for: '',
    sources: [],
    ...change,
  };
}
const mic = (muted: boolean) => ({ source: 'mic' as const, muted });
const camera = { source: 'camera' as const, muted: false };

describe('roomLine', () => {
  it.each([
    ['no classroom', false, null, ['noRoom']],
    ['a screen that is off', true, null, ['absent']],
    ['a dropped screen', true, room({ online: false, sources: [mic(false)] }), ['offline']],
    ['a bare computer', true, room({}), ['micNone', 'cameraNone']],
    ['an open room', true, room({ sources: [mic(false), camera] }), ['micOpen', 'cameraOn']],
    ['a muted room', true, room({ sources: [mic(true), camera] }), ['micMuted', 'cameraOn']],
  ] as const)('says how %s is', (_, hasRoom, seat, words) => {
    expect(roomLine(hasRoom, seat)).toEqual(words);
  });
});

describe('the microphone', () => {
  it('is heard only when it is there and open', () => {
    expect(isHeard(null)).toBe(false);
    expect(isHeard(room({ sources: [mic(true)] }))).toBe(false);
    expect(isHeard(room({ sources: [mic(false)] }))).toBe(true);
    expect(hasMic(room({ sources: [mic(true)] }))).toBe(true);
    expect(hasMic(room({ sources: [camera] }))).toBe(false);
  });
});
