import type { SlotFill, Snapshot, WallLayout } from '@/generated/messages';

export type Stage = 'clip' | 'screen' | 'page' | 'lecturer';

/** Return what is shown largest: a clip, else what is shared now, else the page, else who teaches. */
export function stageOf(
  room: Snapshot | null,
  fills: ReadonlyMap<string, SlotFill>,
  layout: WallLayout = 'auto',
): Stage {
  if (room?.clip) return 'clip';
  if (layout === 'lecturer') return 'lecturer';
  if (fills.get('screen')?.peer != null) return 'screen';
  return room?.deck || room?.board.shown ? 'page' : 'lecturer';
}
