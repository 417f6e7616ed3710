/** What keys and taps ask of the player. Pure. */

export type KeyAction =
  | 'toggle'
  | 'back'
  | 'forward'
  | 'back5'
  | 'forward5'
  | 'previousPage'
  | 'nextPage'
  | 'slower'
  | 'faster'
  | 'mute'
  | 'captions'
  | 'fullscreen'
  | 'start'
  | 'end';

const KEYS: Readonly<Record<string, KeyAction>> = {
  ' ': 'toggle',
  k: 'toggle',
  j: 'back',
  l: 'forward',
  ArrowLeft: 'back5',
  ArrowRight: 'forward5',
  PageUp: 'previousPage',
  PageDown: 'nextPage',
  '[': 'slower',
  ']': 'faster',
  '-': 'slower',
  '<': 'slower',
  '+': 'faster',
  '=': 'faster', // the key of + without shift
  '>': 'faster',
  m: 'mute',
  c: 'captions',
  f: 'fullscreen',
  Home: 'start',
  End: 'end',
};

/** What the element with the focus does with keys itself: takes letters, is pressed by the space bar, or nothing. */
export type KeyUse = 'types' | 'presses' | 'nothing';

/** Return how an element uses keys, by its tag and, for an input, its type. */
export function keyUse(tag: string, type: string): KeyUse {
  if (tag === 'INPUT') {
    if (type === 'range') return 'nothing'; // the seek bar: its arrows are the player's
    return type === 'checkbox' || type === 'radio' ? 'presses' : 'types';
  }
  if (tag === 'SELECT' || tag === 'TEXTAREA') return 'types';
  return tag === 'BUTTON' || tag === 'A' || tag === 'SUMMARY' ? 'presses' : 'nothing';
}

/** Return what `key` asks of the player, a digit as tenths of the lesson, or null when it is not the player's. */
export function keyAction(key: string, use: KeyUse): KeyAction | number | null {
  if (use === 'types' || (use === 'presses' && key === ' ')) return null;
  if (/^[0-9]$/.test(key)) return Number(key) / 10;
  return KEYS[key.length === 1 ? key.toLowerCase() : key] ?? null;
}

const DOUBLE_MS = 300;
const SIDE = 1 / 3; // of the picture's width, on each side

/** Tells taps from double taps on the sides. */
export class Taps {
  private last: { atMs: number; side: -1 | 0 | 1 } | null = null;

  /** Return -1 or 1 for a double tap on the left or right side, else 0. `x` is 0..1 of the picture's width. */
  tap(x: number, atMs: number): -1 | 0 | 1 {
    const side = x < SIDE ? -1 : x > 1 - SIDE ? 1 : 0;
    const isDouble = this.last !== null && this.last.side === side && atMs - this.last.atMs < DOUBLE_MS;
    this.last = { atMs, side };
    return isDouble ? side : 0;
  }
}
