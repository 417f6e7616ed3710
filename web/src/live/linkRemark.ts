/** What is worth saying of a link, besides its rung. Pure; the words are `link.remark`. */
import type { Link } from '@/generated/messages';

export type Remark = 'good' | 'noSound' | 'unsteady' | 'limited' | 'loss' | 'slow' | 'weak';

/** Below this, repair leaves nothing to be seen or heard. */
const LOSS_PCT = 3;
/** Above this, people who talk to each other begin to interrupt each other (ITU-T G.114 gives 400 ms one way). */
const SLOW_MS = 600;

/** Return whether the way to a participant is away: its socket, its media path, or nothing was heard of it for long. */
export function isGone(link: Link | null, online: boolean): boolean {
  return !online || link?.path === 'none' || link?.state === 'outage';
}

/** Return the one thing to say of a link that is there. What people can act on comes first; a limit that the school has
 *  set is no fault. */
export function remarkOf(link: Link): Remark {
  if (!link.audio_ok) return 'noSound';
  if (link.state === 'suspect') return 'unsteady';
  if (link.limited === true) return 'limited';
  if (link.loss_pct >= LOSS_PCT) return 'loss';
  if (link.rtt_ms >= SLOW_MS) return 'slow';
  return link.rung === 'slides_audio' || link.rung === 'audio' ? 'weak' : 'good';
}

/** Return megabytes as people read them: 0.4, 3.2, 47. */
export function megabytes(bytes: number): string {
  const mb = bytes / 1_000_000;
  return mb < 10 ? mb.toFixed(1) : Math.round(mb).toString();
}
