/** How the local teacher's classroom is, as words of `phone.state`. Pure. */
import type { Participant } from '@/generated/messages';

export type RoomWord =
  'noRoom' | 'absent' | 'offline' | 'micOpen' | 'micMuted' | 'micNone' | 'cameraOn' | 'cameraNone';

/** Return whether the lecturer can hear the room. */
export function isHeard(room: Participant | null): boolean {
  return room?.sources.some((info) => info.source === 'mic' && !info.muted) ?? false;
}

/** Return whether the room sends sound at all, muted or not. */
export function hasMic(room: Participant | null): boolean {
  return room?.sources.some((info) => info.source === 'mic') ?? false;
}

/** Return what to say of the room: one word when it is away, else its microphone and its camera. */
export function roomLine(hasRoom: boolean, room: Participant | null): RoomWord[] {
  if (!hasRoom) return ['noRoom'];
  if (!room) return ['absent'];
  if (!room.online) return ['offline'];
  const mic = hasMic(room) ? (isHeard(room) ? 'micOpen' : 'micMuted') : 'micNone';
  const camera = room.sources.some((info) => info.source === 'camera' && !info.muted)
    ? 'cameraOn'
    : 'cameraNone';
  return [mic, camera];
}
