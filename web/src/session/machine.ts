/** The life of a lesson's socket as one table: what each event means in each state, and nothing else.
 *
 *  idle → connecting → greeting → live
 *            ↑            │         │
 *            └─ waiting ←─┴─────────┘      any → closed (for good)
 */

export const SOCKET_STATES = ['idle', 'connecting', 'greeting', 'live', 'waiting', 'closed'] as const;
export type SocketState = (typeof SOCKET_STATES)[number];

export const SOCKET_EVENTS = [
  'start', // the owner wants the lesson
  'opened', // the transport is open
  'accepted', // Welcome or Resumed came
  'dropped', // the transport closed or could not be opened
  'silent', // nothing was heard for too long, or no greeting in time
  'retry', // the back-off is over, or the network came back
  'refused', // the server will never take us: a fatal answer
  'stop', // the owner leaves
] as const;
export type SocketEvent = (typeof SOCKET_EVENTS)[number];

export type SocketEffect =
  | 'open' // fetch a token and open the transport
  | 'greet' // send Hello and wait for its answer
  | 'beat' // begin heartbeats
  | 'settle' // the back-off starts from its beginning again
  | 'back_off' // wait, then try again
  | 'fail_requests' // answer every open request: the socket is gone
  | 'drop' // close the transport and forget it
  | 'clear'; // stop all timers

interface Step {
  readonly state: SocketState;
  readonly effects: readonly SocketEffect[];
}

const AGAIN: Step = { state: 'waiting', effects: ['clear', 'drop', 'fail_requests', 'back_off'] };
const OVER: Step = { state: 'closed', effects: ['clear', 'drop', 'fail_requests'] };

const TABLE: Readonly<Record<SocketState, Partial<Record<SocketEvent, Step>>>> = {
  idle: { start: { state: 'connecting', effects: ['open'] }, stop: OVER },
  connecting: {
    opened: { state: 'greeting', effects: ['clear', 'greet'] },
    dropped: AGAIN,
    silent: AGAIN,
    refused: OVER,
    stop: OVER,
  },
  greeting: {
    accepted: { state: 'live', effects: ['clear', 'settle', 'beat'] },
    dropped: AGAIN,
    silent: AGAIN,
    refused: OVER,
    stop: OVER,
  },
  live: { dropped: AGAIN, silent: AGAIN, refused: OVER, stop: OVER },
  waiting: { retry: { state: 'connecting', effects: ['clear', 'open'] }, refused: OVER, stop: OVER },
  closed: { stop: { state: 'closed', effects: [] } },
};

/** Return what `event` makes of `state`, or null when the pair has no meaning. */
export function lookup(state: SocketState, event: SocketEvent): Step | null {
  return TABLE[state][event] ?? null;
}

/** Return what `event` makes of `state`.
 *
 * @throws Error when the pair has no meaning; nothing has changed then.
 */
export function step(state: SocketState, event: SocketEvent): Step {
  const next = lookup(state, event);
  if (!next) throw new Error(`socket: ${event} in ${state}`);
  return next;
}

/** Waits between attempts, in ms; the last one repeats. */
export const BACK_OFF_MS = [500, 1_000, 2_000, 4_000] as const;

/** Return the wait before attempt `attempt` (from 0): ±20 %, so that fifty classrooms do not come back in one instant. */
export function backOffMs(attempt: number, random: () => number): number {
  const base = BACK_OFF_MS[Math.min(attempt, BACK_OFF_MS.length - 1)] ?? 4_000;
  return Math.round(base * (0.8 + 0.4 * random()));
}
