/** The room as this client knows it: snapshot + events in order. The twin of signaling/replica.py; both run the
 *  vectors of tests/vectors/room. */
import { MAX_CALLED, MAX_MARKS, MAX_PRIVATE_LINES } from '@/generated/messages';
import type { Event, Participant, PeerId, PrivateText, Snapshot, Source } from '@/generated/messages';
import { stepClip } from '@/clips/clips';
import { stepQuiz } from '@/quiz/quiz';
import { currentSurface, leaveBoard, stepBoard } from '@/ink/board';
import { beginCourse, endCourse, followPage, goTo, setCourse } from './segments';

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

/** Put what belongs to a classroom in place of its older self, in order of the classrooms' ids. */
function withOf<Own extends { readonly classroom: string }>(all: readonly Own[], own: Own): readonly Own[] {
  const others = all.filter((known) => known.classroom !== own.classroom);
  return [...others, own].sort((a, b) => (a.classroom < b.classroom ? -1 : 1));
}

function withLine(lines: readonly PrivateText[], line: PrivateText): readonly PrivateText[] {
  const own = lines.filter((known) => known.classroom === line.classroom);
  const kept = own.length < MAX_PRIVATE_LINES ? lines : lines.filter((known) => known !== own[0]);
  return [...kept, line];
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

function turned(room: Snapshot, page: number, tMs: number): Snapshot {
  // A recording from before there were segments has a first state without `course`.
  const course = followPage(room.course ?? null, page, tMs);
  return { ...room, page, board: leaveBoard(room.board), clip: null, course };
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
      return { ...room, called_on: body.peer, called_pupil: null };
    case 'lead_changed':
      return { ...room, lead: body.peer };
    case 'chat_added':
      return { ...room, chat: [...room.chat, body.line].slice(-CHAT_LINES) };
    case 'page_turned':
      return turned(room, body.page, t_ms);
    case 'deck_changed':
      return { ...turned(room, 1, t_ms), deck: body.deck };
    case 'lesson_started':
      return {
        ...room,
        lesson: { ...room.lesson, state: 'live', started_t_ms: t_ms },
        course: beginCourse(room.course ?? null, t_ms),
      };
    case 'lesson_ended':
      return {
        ...room,
        lesson: { ...room.lesson, state: 'ended', ended_t_ms: t_ms },
        clip: null,
        course: endCourse(room.course ?? null, t_ms),
      };
    case 'recording_changed':
      return { ...room, recording: body.recording };
    case 'recording_paused':
      return { ...room, recording_paused_t_ms: body.paused ? t_ms : null };
    case 'acting_changed':
      return { ...room, acting: body.peer };
    case 'roster_set':
      return { ...room, rosters: withOf(room.rosters, body.roster) };
    case 'attendance_set': {
      const { classroom, absent } = body;
      return { ...room, absences: withOf(room.absences, { classroom, absent }) };
    }
    case 'pupil_called': {
      const called = [...room.called, body.called].slice(-MAX_CALLED);
      return { ...room, called, called_pupil: body.called };
    }
    case 'private_said':
      return { ...room, private_lines: withLine(room.private_lines, body.line) };
    case 'voice_line_changed':
      return { ...room, voice_line: body.line };
    case 'phase_changed':
      return { ...room, phase: body.phase };
    case 'timer_set':
      return { ...room, timer: body.timer };
    case 'marked':
      return { ...room, marks: [...room.marks, body.mark].slice(-MAX_MARKS) };
    case 'question_asked':
    case 'question_closed':
    case 'answer_revealed':
    case 'results_shown':
    case 'question_put_away':
    case 'tally_changed':
    case 'answers_given':
      return { ...room, quiz: stepQuiz(room.quiz, body, t_ms) };
    case 'course_set':
      return { ...room, course: setCourse(body.segments, room.page, t_ms, room.lesson.state === 'live') };
    case 'segment_moved':
      return { ...room, course: goTo(room.course ?? null, body.segment, t_ms) };
    case 'clips_set':
      return { ...room, clips: body.clips };
    case 'clip_changed':
      return { ...room, clip: stepClip(body, t_ms) };
    case 'withheld':
      return room;
    case 'board_shown':
      return { ...room, clip: null, board: stepBoard(room.board, body, currentSurface(room)) };
    case 'author_known':
    case 'writers_changed':
    case 'board_moved':
    case 'ink_added':
    case 'ink_removed':
    case 'ink_restored':
    case 'ink_cleared':
      return { ...room, board: stepBoard(room.board, body, currentSurface(room)) };
  }
}
