/** What is wrong with the pictures, so that it can be said in words. Pure. */
import type { Sighting } from './detector';

/** `dark` and `far` ask for something to be done; `tilted` and `covered` count cards. */
export type Hint = { kind: 'dark' } | { kind: 'far' } | { kind: 'tilted' | 'covered'; count: number };

const DARK = 34; // mean shade of 255 of a room in which paper is hardly told from ink
/** Pixels a side at which single pictures begin to miss cards (bench/cards.py: 2.8 pixels a module). */
export const FAR_SIDE = 20;

/** Return the most useful remark on a picture, or null. */
export function hintOf(sightings: readonly Sighting[], brightness: number): Hint | null {
  const unclear = sightings.filter((one) => one.state === 'unclear');
  const read = sightings.length - unclear.length;
  if (brightness < DARK && read === 0) return { kind: 'dark' };
  const far = unclear.filter((one) => one.side < FAR_SIDE).length;
  if (far > 0 && far * 3 > read) return { kind: 'far' };
  const tilted = sightings.filter((one) => one.state === 'tilted').length;
  if (tilted > 0) return { kind: 'tilted', count: tilted };
  const covered = unclear.length - far;
  return covered > 0 ? { kind: 'covered', count: covered } : null;
}
