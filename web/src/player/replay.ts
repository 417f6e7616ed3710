/** The lesson's state at any time of its recording: the same reducer as live, over the log.
 *
 *  States share what did not change, so one in every `EVERY` events is kept: a seek applies at most that many again. */
import type { Snapshot } from '@/generated/messages';
import { ReplicaGap, applyEvent } from '@/session/replica';
import type { LessonEvents, TimedEvent } from './resource';

const EVERY = 64;

export class Replay {
  readonly events: readonly TimedEvent[];
  /** States after 0, EVERY, 2·EVERY … events, as far as anybody has gone. */
  private readonly kept: Snapshot[];
  /** How many events were applied: what a seek costs. */
  steps = 0;
  private done = 0;
  private state: Snapshot;

  constructor({ events }: LessonEvents, first: Snapshot) {
    this.events = events;
    this.state = first;
    this.kept = [first];
  }

  /** Return the state at `ms`: the very same object while nothing has happened. */
  at(ms: number): Snapshot {
    const wanted = countUntil(this.events, ms);
    if (wanted < this.done || wanted - this.done > EVERY) this.jump(wanted);
    while (this.done < wanted) this.step();
    return this.state;
  }

  /** Keep states ahead for up to `budgetMs`, so that no seek has far to go. Returns whether all are kept. */
  prepare(budgetMs: number): boolean {
    const until = performance.now() + budgetMs;
    const { done, state } = this;
    this.done = (this.kept.length - 1) * EVERY;
    this.state = this.kept[this.kept.length - 1] ?? state;
    while (this.done < this.events.length && performance.now() < until) this.step();
    const isWhole = this.done >= this.events.length;
    this.done = done;
    this.state = state;
    return isWhole;
  }

  /** Begin at the last kept state that is not after `wanted`, unless where we are is nearer. */
  private jump(wanted: number): void {
    const at = Math.min(Math.floor(wanted / EVERY), this.kept.length - 1);
    const state = this.kept[at];
    if (!state || (this.done <= wanted && at * EVERY <= this.done)) return;
    this.done = at * EVERY;
    this.state = state;
  }

  private step(): void {
    this.steps += 1;
    const event = this.events[this.done++];
    if (event) this.state = apply(this.state, event);
    if (this.done === this.kept.length * EVERY) this.kept.push(this.state);
  }
}

/** Apply an event of a finished log. One that a cut or a newer server left out must not stop the lesson. */
function apply(state: Snapshot, event: TimedEvent): Snapshot {
  const whole = { type: 'event' as const, ...event };
  try {
    return applyEvent(state, whole);
  } catch (error) {
    if (!(error instanceof ReplicaGap)) throw error;
    return applyEvent({ ...state, seq: event.seq - 1 }, whole);
  }
}

/** Return how many of the events happened at or before `ms`; they are in order of their times. */
export function countUntil(events: readonly { readonly t_ms: number }[], ms: number): number {
  let low = 0;
  let high = events.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((events[middle]?.t_ms ?? Infinity) <= ms) low = middle + 1;
    else high = middle;
  }
  return low;
}
