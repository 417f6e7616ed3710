/** Keep a second picture in step with the voice: a little faster or slower, or where that would take too long, a leap.
 *  Pure. */

export const IN_STEP_MS = 60; // not seen, and lips still fit
export const LEAP_MS = 700; // made up for at 10 % it takes 7 s: from here on a leap is quicker
const MOST_BEND = 0.1; // of the speed: a voice that is bent this far still sounds like itself
const LEAP_AGAIN_MS = 2_500; // after a leap the picture has to be fetched first

export interface Follower {
  readonly atMs: number;
  readonly isReady: boolean;
  readonly leaptAtMs: number | null;
}

export type Move = { readonly kind: 'rate'; readonly rate: number } | { readonly kind: 'leap' };

/** Return what a follower has to do now to be where the leader is. */
export function follow(leaderMs: number, speed: number, one: Follower, nowMs: number): Move {
  const behindMs = leaderMs - one.atMs;
  const isWaiting = one.leaptAtMs !== null && (!one.isReady || nowMs - one.leaptAtMs < LEAP_AGAIN_MS);
  if (Math.abs(behindMs) >= LEAP_MS && !isWaiting) return { kind: 'leap' };
  if (Math.abs(behindMs) <= IN_STEP_MS) return { kind: 'rate', rate: speed };
  const bend = Math.max(-MOST_BEND, Math.min(MOST_BEND, behindMs / 2_000));
  return { kind: 'rate', rate: speed * (1 + bend) };
}
