import { describe, expect, it } from 'vitest';
import { BACK_OFF_MS, SOCKET_EVENTS, SOCKET_STATES, backOffMs, lookup, step } from './machine';

const MEANINGS = [
  ['idle', 'start', 'connecting'],
  ['idle', 'stop', 'closed'],
  ['connecting', 'opened', 'greeting'],
  ['connecting', 'dropped', 'waiting'],
  ['connecting', 'silent', 'waiting'],
  ['connecting', 'refused', 'closed'],
  ['connecting', 'stop', 'closed'],
  ['greeting', 'accepted', 'live'],
  ['greeting', 'dropped', 'waiting'],
  ['greeting', 'silent', 'waiting'],
  ['greeting', 'refused', 'closed'],
  ['greeting', 'stop', 'closed'],
  ['live', 'dropped', 'waiting'],
  ['live', 'silent', 'waiting'],
  ['live', 'refused', 'closed'],
  ['live', 'stop', 'closed'],
  ['waiting', 'retry', 'connecting'],
  ['waiting', 'refused', 'closed'],
  ['waiting', 'stop', 'closed'],
  ['closed', 'stop', 'closed'],
] as const;

describe('the socket machine', () => {
  const known = new Map(MEANINGS.map(([state, event, next]) => [`${state} ${event}`, next]));

  it.each(SOCKET_STATES.flatMap((state) => SOCKET_EVENTS.map((event) => [state, event] as const)))(
    '%s + %s',
    (state, event) => {
      const next = known.get(`${state} ${event}`);
      if (next) expect(step(state, event).state).toBe(next);
      else expect(() => step(state, event)).toThrow(`${event} in ${state}`);
    },
  );

  it('leaves no timer and no open request behind when it stops or waits', () => {
    for (const state of ['connecting', 'greeting', 'live'] as const) {
      expect(step(state, 'stop').effects).toEqual(['clear', 'drop', 'fail_requests']);
      expect(step(state, 'dropped').effects).toEqual(['clear', 'drop', 'fail_requests', 'back_off']);
    }
    expect(lookup('closed', 'retry')).toBeNull();
  });
});

describe('the back-off', () => {
  it('grows to 4 s and stays there', () => {
    expect([0, 1, 2, 3, 4, 99].map((attempt) => backOffMs(attempt, () => 0.5))).toEqual([
      ...BACK_OFF_MS,
      4_000,
      4_000,
    ]);
  });

  it('spreads by a fifth to both sides', () => {
    expect(backOffMs(1, () => 0)).toBe(800);
    expect(backOffMs(1, () => 1)).toBe(1_200);
  });
});
