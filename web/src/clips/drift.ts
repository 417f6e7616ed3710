/** How a player that is not where the lesson is gets there. Pure.
 *
 *  Two rooms that hear each other notice 300 ms. Up to 2 s a player runs a little faster or slower until it is right:
 *  a tenth is not heard in speech when the pitch is kept. Beyond that nobody would wait: it jumps. */

/** In ms: what is left alone, down to where a correction goes, and from where on it jumps. */
export const DRIFT = { tolerated: 300, settled: 60, jump: 2_000 } as const;
const CATCH_UP_MS = 4_000; // a correction is about so long
const MOST = 0.1; // faster or slower than it should

export interface Correction {
  /** The player's rate from now on. */
  rate: number;
  /** Jump to where the lesson is. */
  jump: boolean;
}

/** Return what to do when the player is `behindMs` behind the lesson (ahead: below 0), at the rate that it has. */
export function correct(behindMs: number, rate: number): Correction {
  const off = Math.abs(behindMs);
  if (off > DRIFT.jump) return { rate: 1, jump: true };
  const isRight = rate === 1 ? off <= DRIFT.tolerated : off <= DRIFT.settled;
  // A correction that has passed its aim is over as well.
  if (isRight || (rate !== 1 && Math.sign(behindMs) !== Math.sign(rate - 1))) return { rate: 1, jump: false };
  const by = Math.min(MOST, Math.max(0.02, off / CATCH_UP_MS));
  return { rate: 1 + Math.sign(behindMs) * by, jump: false };
}
