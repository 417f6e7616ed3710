/** What a device check measured, as words that the pages translate. Pure. */

/** What is known of one thing that is checked: still measuring, waiting for the person, well, or not. */
export type CheckState = 'busy' | 'ask' | 'ok' | 'bad';

/** Speech at arm's length is about -35 dBFS: 0.42 on the meter of media/levels.ts. A little less counts as heard. */
export const HEARD_LEVEL = 0.35;

/** A camera whose pixels are all darker than this (of 255) has its lens covered; night scenes are above it. */
const BLACK_LEVEL = 16;

export type LatencyWord = 'good' | 'fair' | 'slow';

/** Return how a round trip feels: ITU-T G.114 takes 150 ms one way as unnoticed, 400 ms as the limit. */
export function latencyWord(roundTripMs: number): LatencyWord {
  if (roundTripMs <= 150) return 'good';
  return roundTripMs <= 400 ? 'fair' : 'slow';
}

/** Return the middle value, or null of none: one slow answer of five says little about a link. */
export function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor(sorted.length / 2)] ?? null;
}

/** Return whether a picture (RGBA bytes) shows nothing but black. */
export function isBlack(rgba: Uint8ClampedArray): boolean {
  for (let i = 0; i < rgba.length; i += 4) {
    if (Math.max(rgba[i] ?? 0, rgba[i + 1] ?? 0, rgba[i + 2] ?? 0) > BLACK_LEVEL) return false;
  }
  return true;
}

/** Return the state of all checks together: the one that most needs attention. */
export function worst(states: readonly CheckState[]): CheckState {
  for (const state of ['bad', 'busy', 'ask'] as const) if (states.includes(state)) return state;
  return 'ok';
}

/** A way of media through the relay: its kind and the relay's port. */
export interface Way {
  path: 'turn_udp' | 'turn_tcp' | 'turn_tls';
  port: number;
}

/** Return what an address of a relay (RFC 7065) means, or null of none. */
export function wayOf(url: string): Way | null {
  const found = /^(turns?):(?:\[[^\]]+\]|[^:?]+)(?::(\d+))?(?:\?transport=(udp|tcp))?$/i.exec(url);
  if (!found) return null;
  if (found[1]?.toLowerCase() === 'turns') return { path: 'turn_tls', port: Number(found[2] ?? 5349) };
  return { path: found[3] === 'tcp' ? 'turn_tcp' : 'turn_udp', port: Number(found[2] ?? 3478) };
}

/** One tried way of media: `open` is null when it could not be tried. */
export interface TriedWay {
  path: 'udp' | Way['path'];
  open: boolean | null;
}

/** Return how media gets to the server: straight, by the best way through the relay, not at all, or unknown. */
export function bestWay(tried: readonly TriedWay[]): TriedWay['path'] | 'none' | 'unknown' {
  for (const path of ['udp', 'turn_udp', 'turn_tcp', 'turn_tls'] as const)
    if (tried.some((way) => way.path === path && way.open === true)) return path;
  return tried.some((way) => way.open === false) ? 'none' : 'unknown';
}
