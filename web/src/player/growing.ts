/** Ink while it was drawn: a finished object is logged when the pen is up, with how long it took. Between the two its
 *  way is drawn as far as the pen had come, taken as steady. Pure. */
import type { InkObject } from '@/generated/messages';
import type { LiveStroke } from '@/ink/liveInk';
import { decodePoints, type Point } from '@/ink/points';
import { countUntil } from './replay';
import type { TimedEvent } from './resource';

/** Of older recordings, which did not note it: 6,000 units a second is an unhurried hand, a third of a page's width. */
const UNITS_PER_MS = 6;
const MOST_GUESSED_MS = 3_000;
const MOST_MS = 60_000; // a longer one was a pen at rest

interface Drawn {
  readonly t_ms: number;
  readonly tookMs: number;
  readonly object: InkObject;
  readonly surface: string;
  way: { readonly points: readonly Point[]; readonly lengths: readonly number[] } | null;
}

export class GrowingInk {
  private readonly drawn: Drawn[] = [];
  private longestMs = 0;

  constructor(events: readonly TimedEvent[]) {
    for (const { t_ms, body } of events) {
      if (body.kind !== 'ink_added' || body.object.tool === 'text') continue;
      const one: Drawn = {
        ...{ t_ms, object: body.object, surface: body.surface ?? '', way: null },
        tookMs: Math.min(MOST_MS, body.took_ms ?? guess(body.object)),
      };
      this.drawn.push(one);
      this.longestMs = Math.max(this.longestMs, one.tookMs);
    }
  }

  /** Return what is in hand at `ms`, while `current` is the surface that is shown. */
  at(ms: number, current: string): LiveStroke[] {
    const found: LiveStroke[] = [];
    for (let n = countUntil(this.drawn, ms); n < this.drawn.length; n++) {
      const one = this.drawn[n];
      if (!one || one.t_ms - this.longestMs > ms) break;
      const beganMs = one.t_ms - one.tookMs;
      if (beganMs > ms || one.tookMs === 0) continue;
      found.push({
        id: one.object.id,
        style: {
          tool: one.object.tool ?? 'pen',
          colour: one.object.colour ?? 0,
          width: one.object.width ?? 1,
        },
        surface: one.surface || current,
        points: partOf(one, (ms - beganMs) / one.tookMs),
      });
    }
    return found;
  }
}

function guess(object: InkObject): number {
  const { lengths } = measure(object);
  return Math.min(MOST_GUESSED_MS, (lengths[lengths.length - 1] ?? 0) / UNITS_PER_MS);
}

/** Return the way's points with how far each is from its begin. */
function measure(object: InkObject): { points: readonly Point[]; lengths: readonly number[] } {
  const points = safePoints(object.points ?? '');
  let length = 0;
  const lengths = points.map((point, n) => {
    const before = points[n - 1] ?? point;
    return (length += Math.hypot(point.x - before.x, point.y - before.y));
  });
  return { points, lengths };
}

function safePoints(text: string): readonly Point[] {
  try {
    return decodePoints(text);
  } catch {
    return []; // cannot come from our server
  }
}

/** Return the first `part` (0..1) of the way, its tip in between two points. */
function partOf(one: Drawn, part: number): Point[] {
  const { points, lengths } = (one.way ??= measure(one.object));
  const goal = (lengths[lengths.length - 1] ?? 0) * part;
  const whole = lengths.findIndex((length) => length > goal);
  const after = points[whole];
  const before = points[whole - 1];
  if (whole < 0 || !after || !before) return points.slice(0, Math.max(1, whole));
  const from = lengths[whole - 1] ?? 0;
  const share = (goal - from) / Math.max(1, (lengths[whole] ?? from) - from);
  const tip = {
    x: before.x + (after.x - before.x) * share,
    y: before.y + (after.y - before.y) * share,
    pressure: after.pressure,
  };
  return [...points.slice(0, whole), tip];
}
