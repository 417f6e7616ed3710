import type { SlotFill, Snapshot } from '@/generated/messages';
import type { Due } from '@/media/playback';

/** Return what of the lecturer this page should be showing and playing now. Pure. */
export function dueOf(room: Snapshot | null, fills: readonly SlotFill[], isVisible: boolean): Due {
  const none: Due = { picture: 'none', voice: false };
  const lead = room?.participants.find((seat) => seat.peer === room.lead);
  if (room?.lesson.state !== 'live' || !lead) return none;
  const sends = (source: 'camera' | 'mic'): boolean =>
    lead.sources.some((info) => info.source === source && !info.muted);
  const fill = fills.find((one) => one.slot === 'lecturer');
  const isShown = isVisible && sends('camera') && fill?.peer === lead.peer;
  const picture = !isShown ? 'none' : fill?.paused === true ? 'paused' : 'due';
  return {
    picture,
    voice: sends('mic') && fills.some((one) => one.slot === 'audio0' && one.peer === lead.peer),
  };
}
