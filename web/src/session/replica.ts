/** The room as this client knows it: snapshot + events in order. The twin of signaling/replica.py; both run the
 *  vectors of tests/vectors/room. */
import type { Event, Participant, PeerId, Roster, Snapshot, Source } from '@/generated/messages';

/** An event does not follow the state: a new snapshot is needed. */
export class ReplicaGap extends Error {
  override readonly name = 'ReplicaGap';
}

export const CHAT_LINES = 100; // messages.py: Snapshot.chat

function patch(room: Snapshot, peer: PeerId, change: (seat: Participant) => Participant): Snapshot {
  return {
    ...room,
    participants: room.participants.map((seat) => (seat.peer === peer ? change(seat) : seat)),
  };
}

function withSource(seat: Participant, source: Source, muted: boolean): Participant {
  const others = seat.sources.filter((known) => known.source !== source);
  return { ...seat, sources: [...others, { source, muted }] };
}

function withMute(seat: Participant, source: Source, muted: boolean): Participant {
  return {
    ...seat,
    sources: seat.sources.map((known) => (known.source === source ? { ...known, muted } : known)),
  };
}

function withRoster(rosters: readonly Roster[], roster: Roster): readonly Roster[] {
  const others = rosters.filter((known) => known.classroom !== roster.classroom);
  return [...others, roster].sort((a, b) => (a.classroom < b.classroom ? -1 : 1));
}

/** Return the room after `event`; `room` itself is not changed. An event that is already in it changes nothing.
 *
 * @throws ReplicaGap when events are missing between them.
 */
export function applyEvent(room: Snapshot, event: Event): Snapshot {
  if (event.seq <= room.seq) return room;
  if (event.seq !== room.seq + 1) throw new ReplicaGap(`event ${event.seq} after ${room.seq}`);
  return applyBody({ ...room, seq: event.seq, t_ms: event.t_ms }, event);
}

function applyBody(room: Snapshot, { body, t_ms }: Event): Snapshot {
  switch (body.kind) {
    case 'participant_joined': {
      const others = room.participants.filter((seat) => seat.peer !== body.participant.peer);
      return { ...room, participants: [...others, body.participant] };
    }
    case 'participant_left':
      return { ...room, participants: room.participants.filter((seat) => seat.peer !== body.peer) };
    case 'online_changed':
      return patch(room, body.peer, (seat) => ({ ...seat, online: body.online }));
    case 'source_published':
      return patch(room, body.peer, (seat) => withSource(seat, body.source, false));
    case 'source_unpublished':
      return patch(room, body.peer, (seat) => ({
        ...seat,
        sources: seat.sources.filter((known) => known.source !== body.source),
      }));
    case 'mute_changed':
      return patch(room, body.peer, (seat) => withMute(seat, body.source, body.muted));
    case 'hand_changed':
      return patch(room, body.peer, (seat) => ({ ...seat, hand: body.hand, hand_for: body.hand_for }));
    case 'called_on':
      return { ...room, called_on: body.peer };
    case 'lead_changed':
      return { ...room, lead: body.peer };
    case 'chat_added':
      return { ...room, chat: [...room.chat, body.line].slice(-CHAT_LINES) };
    case 'page_turned':
      return { ...room, page: body.page };
    case 'deck_changed':
      return { ...room, deck: body.deck, page: 1 };
    case 'lesson_started':
      return { ...room, lesson: { ...room.lesson, state: 'live', started_t_ms: t_ms } };
    case 'lesson_ended':
      return { ...room, lesson: { ...room.lesson, state: 'ended', ended_t_ms: t_ms } };
    case 'recording_changed':
      return { ...room, recording: body.recording };
    case 'acting_changed':
      return { ...room, acting: body.peer };
    case 'roster_set':
      return { ...room, rosters: withRoster(room.rosters, body.roster) };
    case 'withheld':
      return room;
  }
}
