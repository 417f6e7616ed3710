/** Who may write: what signaling/board_rules.py decides, so that tools are shown to who may use them. */
import { ACTING_CAPABILITIES, type PeerId, type Snapshot } from '@/generated/messages';

/** Whether `me` may do everything on the board: write, erase anybody's, wipe, open boards, let others write. */
export function isBoardMaster(room: Snapshot | null, me: PeerId): boolean {
  const mine = room?.participants.find((seat) => seat.peer === me);
  if (!room || !mine) return false;
  if (mine.role === 'lecturer') return true;
  return mine.role === 'local_teacher' && room.acting === me && ACTING_CAPABILITIES.includes('draw');
}

export function mayWrite(room: Snapshot | null, me: PeerId): boolean {
  const mine = room?.participants.find((seat) => seat.peer === me);
  if (!room || !mine) return false;
  if (isBoardMaster(room, me)) return true;
  if ((mine.role !== 'classroom' && mine.role !== 'local_teacher') || mine.classroom === null) return false;
  const called = room.participants.find((seat) => seat.peer === room.called_on);
  return called?.classroom === mine.classroom || room.board.writers.some((one) => one === mine.classroom);
}
