"""The reducer: the state of a room after one more event.

The server's room, the bot, `tongtang watch` and the browser (web/src/live, the same rules in TypeScript, checked by the
vectors in tests/vectors/room) all hold `snapshot + events in order of seq`, and this is what the plus means.
A change of someone who is not in the room changes nothing: the log is older than the seat's end.
"""

from __future__ import annotations

from collections.abc import Iterable

from msgspec.structs import replace

from signaling import board, class_list, messages as m, questions, segments
from signaling.clips import step_clip
from signaling.phases import add_mark
from signaling.private_line import add_line

SeatChange = m.OnlineChanged | m.HandChanged | m.SourcePublished | m.SourceUnpublished | m.MuteChanged
ClassChange = m.RosterSet | m.AttendanceSet | m.PupilCalled | m.PhaseChanged | m.TimerSet | m.Marked
CHAT_LINES = 100  # what a screen can scroll back to; older lines stay in the log


def initial(lesson: m.LessonInfo, deck: m.Deck | None) -> m.Snapshot:
    """Return the state of a room in which nothing has happened."""
    return m.Snapshot(
        seq=0,
        t_ms=0,
        lesson=lesson,
        deck=deck,
        page=1,
        participants=(),
        lead=None,
        called_on=None,
        chat=(),
        recording=False,
    )


def apply(state: m.Snapshot, event: m.Event) -> m.Snapshot:
    """Return the state after `event`; an event that is already in `state` changes nothing.

    Raises:
        ValueError: events between `state` and `event` are missing; ask for a new snapshot.
    """
    if event.seq <= state.seq:
        return state
    if event.seq != state.seq + 1:
        raise ValueError(f"event {event.seq} after {state.seq}")
    changed = _step(state, event)
    return replace(changed, seq=event.seq, t_ms=event.t_ms)


def apply_all(state: m.Snapshot, events: Iterable[m.Event]) -> m.Snapshot:
    """Return the state after all of `events`, in order."""
    for event in events:
        state = apply(state, event)
    return state


def find(state: m.Snapshot, peer: m.PeerId | None) -> m.Participant | None:
    """Return the participant `peer`, or None."""
    return next((one for one in state.participants if one.peer == peer), None)


def source_of(participant: m.Participant, source: m.Source) -> m.SourceInfo | None:
    """Return what is published as `source`, or None."""
    return next((one for one in participant.sources if one.source == source), None)


def _step(state: m.Snapshot, event: m.Event) -> m.Snapshot:
    match event.body:
        case m.CalledOn(peer=peer):
            return replace(state, called_on=peer, called_pupil=None)
        case m.LeadChanged(peer=peer):
            return replace(state, lead=peer)
        case m.ChatAdded(line=line):
            return replace(state, chat=(*state.chat, line)[-CHAT_LINES:])
        case m.PageTurned(page=page):
            course = segments.follow_page(state.course, page, event.t_ms)
            return replace(state, page=page, board=board.leave(state.board), clip=None, course=course)
        case m.DeckChanged(deck=deck):
            course = segments.follow_page(state.course, 1, event.t_ms)
            return replace(state, deck=deck, page=1, board=board.leave(state.board), clip=None, course=course)
        case m.RecordingChanged(recording=recording):
            return replace(state, recording=recording)
        case m.RecordingPaused(paused=paused):
            return replace(state, recording_paused_t_ms=event.t_ms if paused else None)
        case m.LessonStarted():
            started = replace(state.lesson, state="live", started_t_ms=event.t_ms)
            return replace(state, lesson=started, course=segments.begin(state.course, event.t_ms))
        case m.LessonEnded():
            ended = replace(state.lesson, state="ended", ended_t_ms=event.t_ms)
            return replace(state, lesson=ended, clip=None, course=segments.end(state.course, event.t_ms))
        case m.ParticipantJoined(participant=joined):
            others = tuple(one for one in state.participants if one.peer != joined.peer)
            return replace(state, participants=(*others, joined))
        case m.ParticipantLeft(peer=left):
            return replace(state, participants=tuple(one for one in state.participants if one.peer != left))
        case m.ActingChanged(peer=peer):
            return replace(state, acting=peer)
        case m.RosterSet() | m.AttendanceSet() | m.PupilCalled() | m.PhaseChanged() | m.TimerSet() | m.Marked():
            return _step_class(state, event.body)
        case m.PrivateSaid(line=line):
            return replace(state, private_lines=add_line(state.private_lines, line))
        case m.VoiceLineChanged(line=line):
            return replace(state, voice_line=line)
        case m.QuestionAsked() | m.QuestionClosed() | m.AnswerRevealed() | m.ResultsShown() | m.QuestionPutAway():
            return replace(state, quiz=questions.step(state.quiz, event.body, event.t_ms))
        case m.TallyChanged() | m.AnswersGiven():
            return replace(state, quiz=questions.step(state.quiz, event.body, event.t_ms))
        case m.ClipsSet(clips=clips):
            return replace(state, clips=clips)
        case m.CourseSet(segments=steps):
            is_live = state.lesson.state == "live"
            return replace(state, course=segments.set_course(steps, state.page, event.t_ms, is_live=is_live))
        case m.SegmentMoved(segment=segment):
            return replace(state, course=segments.go_to(state.course, segment, event.t_ms))
        case m.ClipChanged():
            return replace(state, clip=step_clip(event.body, event.t_ms))
        case m.Withheld():
            return state
        case (
            m.AuthorKnown()
            | m.WritersChanged()
            | m.BoardShown()
            | m.BoardMoved()
            | m.InkAdded()
            | m.InkRemoved()
            | m.InkRestored()
            | m.InkCleared()
        ):
            drawn = board.step(state.board, event.body, board.current_surface(state))
            return replace(state, board=drawn, clip=None if isinstance(event.body, m.BoardShown) else state.clip)
        case body:
            changed = tuple(_change(one, body) if one.peer == body.peer else one for one in state.participants)
            return replace(state, participants=changed)


def _step_class(state: m.Snapshot, body: ClassChange) -> m.Snapshot:
    """Return the state after a change of who is in class and of what class is doing."""
    match body:
        case m.RosterSet(roster=roster):
            return replace(state, rosters=class_list.set_roster(state.rosters, roster))
        case m.AttendanceSet(classroom=classroom, absent=absent):
            return replace(state, absences=class_list.set_absence(state.absences, m.Absence(classroom, absent)))
        case m.PupilCalled(called=called):
            return replace(state, called=class_list.add_called(state.called, called), called_pupil=called)
        case m.PhaseChanged(phase=phase):
            return replace(state, phase=phase)
        case m.TimerSet(timer=timer):
            return replace(state, timer=timer)
        case m.Marked(mark=mark):
            return replace(state, marks=add_mark(state.marks, mark))


def _change(one: m.Participant, body: SeatChange) -> m.Participant:
    """Return the participant after a change that concerns it alone."""
    match body:
        case m.OnlineChanged(online=online):
            return replace(one, online=online)
        case m.HandChanged(hand=hand, hand_for=hand_for):
            return replace(one, hand=hand, hand_for=hand_for)
        case m.SourcePublished(source=source):
            return replace(one, sources=(*_without(one, source), m.SourceInfo(source)))
        case m.SourceUnpublished(source=source):
            return replace(one, sources=_without(one, source))
        case m.MuteChanged(source=source, muted=muted):
            after = m.SourceInfo(source, muted)
            return replace(one, sources=tuple(after if info.source == source else info for info in one.sources))


def _without(one: m.Participant, source: m.Source) -> tuple[m.SourceInfo, ...]:
    return tuple(info for info in one.sources if info.source != source)
