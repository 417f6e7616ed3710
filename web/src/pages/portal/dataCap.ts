/** A school's data cap as people choose it. Pure. */
import type { DataCap } from '@/api/types';

export type CapKind = 'none' | 'ceiling' | 'slides';

/** What can be chosen in kbit/s: from a voice with a small picture to more than most village lines carry. */
const CEILINGS = [100, 150, 200, 300, 500, 800, 1200, 2000];
export const USUAL_CEILING = 300;
/** A voice with its repair and the lesson's messages, in kbit/s: what 'sound and pages only' costs. */
const SOUND_KBPS = 40;

/** Return how many MB (10^6 bytes, as phone plans count) an hour at this rate takes. */
export function megabytesAnHour(kbps: number): number {
  return Math.round((kbps * 3600) / 8 / 1000);
}

export const soundMegabytesAnHour = megabytesAnHour(SOUND_KBPS);

export function kindOf(cap: DataCap): CapKind {
  if (!cap.video) return 'slides';
  return cap.ceiling_kbps === null ? 'none' : 'ceiling';
}

/** Return the cap of a choice. */
export function capOf(kind: CapKind, kbps: number): DataCap {
  return { ceiling_kbps: kind === 'ceiling' ? kbps : null, video: kind !== 'slides' };
}

/** Return the rates to choose from, with `now` among them when another program set it. */
export function ceilings(now: number | null): number[] {
  const all = now === null || CEILINGS.includes(now) ? CEILINGS : [...CEILINGS, now];
  return [...all].sort((a, b) => a - b);
}
