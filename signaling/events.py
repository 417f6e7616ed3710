"""The changes of a room: numbered, stored, journalled, and told to everybody.

Part of the contract that `signaling.messages` is the door to. Events of one feature stand in its module.
"""

from __future__ import annotations

import msgspec

from signaling.board import (
    AuthorKnown,
    BoardMoved,
    BoardShown,
    InkAdded,
    InkCleared,
    InkRemoved,
    InkRestored,
    WritersChanged,
)
from signaling.class_list import AttendanceSet, PupilCalled, RosterSet
from signaling.clips import ClipChanged, ClipsSet
from signaling.ids import PeerId
from signaling.phases import Marked, PhaseChanged, TimerSet
from signaling.private_line import PrivateSaid, VoiceLineChanged
from signaling.questions import (
    AnswerRevealed,
    AnswersGiven,
    QuestionAsked,
    QuestionClosed,
    QuestionPutAway,
    ResultsShown,
    TallyChanged,
)
from signaling.recording_pause import RecordingPaused
from signaling.segments import CourseSet, SegmentMoved
from signaling.state import ChatLine, Deck, Participant, Source


class ParticipantJoined(msgspec.Struct, frozen=True, tag_field="kind", tag="participant_joined"):
    """A new seat."""

    participant: Participant


class ParticipantLeft(msgspec.Struct, frozen=True, tag_field="kind", tag="participant_left"):
    """A seat is gone for good."""

    peer: PeerId


class OnlineChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="online_changed"):
    """A seat's socket dropped or came back."""

    peer: PeerId
    online: bool


class SourcePublished(msgspec.Struct, frozen=True, tag_field="kind", tag="source_published"):
    """Media of this source is arriving."""

    peer: PeerId
    source: Source


class SourceUnpublished(msgspec.Struct, frozen=True, tag_field="kind", tag="source_unpublished"):
    """Media of this source ended."""

    peer: PeerId
    source: Source


class MuteChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="mute_changed"):
    """A source was muted or opened, by whom."""

    peer: PeerId
    source: Source
    muted: bool
    by: PeerId


class HandChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="hand_changed"):
    """A classroom's hand went up or down."""

    peer: PeerId
    hand: bool
    hand_for: str = ""


class CalledOn(msgspec.Struct, frozen=True, tag_field="kind", tag="called_on"):
    """A classroom was called on: everyone sees and hears it. None ends it."""

    peer: PeerId | None


class LeadChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="lead_changed"):
    """Another lecturer leads now."""

    peer: PeerId | None


class ChatAdded(msgspec.Struct, frozen=True, tag_field="kind", tag="chat_added"):
    """A line of chat was said."""

    line: ChatLine


class PageTurned(msgspec.Struct, frozen=True, tag_field="kind", tag="page_turned"):
    """The lesson is at this page."""

    page: int
    title: str = ""


class DeckChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="deck_changed"):
    """The lesson has another deck; the page is 1."""

    deck: Deck | None


class LessonStarted(msgspec.Struct, frozen=True, tag_field="kind", tag="lesson_started"):
    """Class has begun; recording begins."""


class LessonEnded(msgspec.Struct, frozen=True, tag_field="kind", tag="lesson_ended"):
    """Class is over."""


class RecordingChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="recording_changed"):
    """Recording runs or stands still."""

    recording: bool


class ActingChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="acting_changed"):
    """A local teacher leads in the lecturer's place, or (None) no longer."""

    peer: PeerId | None


class Withheld(msgspec.Struct, frozen=True, tag_field="kind", tag="withheld"):
    """Something happened that is not for the reader: it changes nothing that the reader may see."""


EventBody = (
    ParticipantJoined
    | ParticipantLeft
    | OnlineChanged
    | SourcePublished
    | SourceUnpublished
    | MuteChanged
    | HandChanged
    | CalledOn
    | LeadChanged
    | ChatAdded
    | PageTurned
    | DeckChanged
    | LessonStarted
    | LessonEnded
    | RecordingChanged
    | RecordingPaused
    | ActingChanged
    | RosterSet
    | AttendanceSet
    | PupilCalled
    | PrivateSaid
    | VoiceLineChanged
    | PhaseChanged
    | TimerSet
    | Marked
    | ClipsSet
    | ClipChanged
    | CourseSet
    | SegmentMoved
    | QuestionAsked
    | QuestionClosed
    | AnswerRevealed
    | ResultsShown
    | QuestionPutAway
    | TallyChanged
    | AnswersGiven
    | AuthorKnown
    | WritersChanged
    | BoardShown
    | BoardMoved
    | InkAdded
    | InkRemoved
    | InkRestored
    | InkCleared
    | Withheld
)


class Event(msgspec.Struct, frozen=True, tag_field="type", tag="event"):
    """One numbered change of the room. `seq` grows by one."""

    seq: int
    t_ms: int
    body: EventBody


class Events(msgspec.Struct, frozen=True, tag_field="type", tag="events"):
    """Many events at once, in order: what was missed, after `Resumed`."""

    events: tuple[Event, ...]
