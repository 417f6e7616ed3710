/** Where a clip is by the lesson's clock. The twin of signaling/clips.py; both run tests/vectors/clips. */
import { MAX_CLIP_MS } from '@/generated/messages';
import type { Clip, ClipChanged, ShownClip } from '@/generated/messages';

/** Return where a clip ends, in ms. */
export const endOf = (clip: Clip): number => clip.duration_ms || MAX_CLIP_MS;

/** Return where the clip is when the room's clock stands at `roomNow`, in ms; never outside of it. */
export function positionAt(shown: ShownClip, roomNow: number): number {
  const moved = shown.playing ? Math.max(0, roomNow - shown.at_t_ms) : 0;
  return Math.min(endOf(shown.clip), shown.position_ms + moved);
}

/** Return what is shown after the event at `t_ms`. */
export function stepClip(body: ClipChanged, t_ms: number): ShownClip | null {
  const { clip, playing, position_ms } = body;
  return clip && { clip, playing, position_ms, at_t_ms: t_ms };
}

/** Whether there is a picture in it, or sound only. */
export const hasPicture = (clip: Clip): boolean => clip.mime.startsWith('video/');
