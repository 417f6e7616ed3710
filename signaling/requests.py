"""What a client says. Part of the contract that `signaling.messages` is the door to.

Requests of one feature stand in its module.
"""

from __future__ import annotations

import msgspec

from signaling.board_requests import (
    AddInk,
    AllowWriting,
    AskBoard,
    ClearInk,
    MoveBoard,
    RemoveInk,
    RestoreInk,
    ShowBoard,
)
from signaling.class_list import CallPupil, SetAttendance
from signaling.clips import SetClip
from signaling.ids import PeerId
from signaling.phases import MarkMoment, SetPhase, SetTimer
from signaling.private_line import SayPrivately, SetLine
from signaling.questions import AskQuestion, CloseQuestion, CountHands, GiveAnswers, PutAway, RevealAnswer, ShowResults
from signaling.recording_pause import PauseRecording
from signaling.segments import MoveSegment
from signaling.state import CatchUpAct, MediaPath, Slot, Source
from signaling.wall_control import ControlWall


class Hello(msgspec.Struct, frozen=True, tag_field="type", tag="hello"):
    """The first message of every socket."""

    version: int
    token: str  # room token from POST /api/lessons/{id}/token
    resume: str = ""  # the last `resume` token that the server gave; empty on a first join
    last_seq: int = 0
    inflates: bool = False  # large messages may come as binary frames (signaling/frames.py)


class Ping(msgspec.Struct, frozen=True, tag_field="type", tag="ping"):
    """Sent every 5 s by the client; the server closes a socket that was silent for 15 s."""

    n: int


class SourceLine(msgspec.Struct, frozen=True):
    """Which source a media description (RFC 8843 mid) of the client's offer carries."""

    mid: str
    source: Source


class Publish(msgspec.Struct, frozen=True, tag_field="type", tag="publish"):
    """Offer the sending peer connection; again with new ICE credentials for an ICE restart."""

    id: int
    sdp: str
    sources: tuple[SourceLine, ...]


class SetSource(msgspec.Struct, frozen=True, tag_field="type", tag="set_source"):
    """A source of the sending connection starts or stops (replaceTrack): no renegotiation."""

    id: int
    source: Source
    active: bool


class Subscribe(msgspec.Struct, frozen=True, tag_field="type", tag="subscribe"):
    """Ask for the receiving connection's offer. `restart` keeps the connection and renews its ICE credentials."""

    id: int
    restart: bool = False
    tiles: int = 0  # how many small pictures this screen has room for, 0..11
    video: bool = True  # False: sound only


class SubscribeAnswer(msgspec.Struct, frozen=True, tag_field="type", tag="subscribe_answer"):
    """The client's answer to `SubscribeOffer`."""

    id: int
    sdp: str


class LimitSlot(msgspec.Struct, frozen=True, tag_field="type", tag="limit_slot"):
    """The picture in this slot is shown no higher than this (0: hidden, do not send)."""

    id: int
    slot: Slot
    max_height: int


class SetMute(msgspec.Struct, frozen=True, tag_field="type", tag="set_mute"):
    """Mute or open a source: one's own, or with the capability another's."""

    id: int
    peer: PeerId
    source: Source
    muted: bool


class SetHand(msgspec.Struct, frozen=True, tag_field="type", tag="set_hand"):
    """Raise or lower the classroom's hand. A local teacher raises that of the own classroom."""

    id: int
    hand: bool
    hand_for: str = ""
    peer: PeerId | None = None  # the lecturer lowers another's hand


class CallOn(msgspec.Struct, frozen=True, tag_field="type", tag="call_on"):
    """Call on a classroom, or end it with None."""

    id: int
    peer: PeerId | None


class TakeLead(msgspec.Struct, frozen=True, tag_field="type", tag="take_lead"):
    """Become the lecturer that everyone sees."""

    id: int


class Say(msgspec.Struct, frozen=True, tag_field="type", tag="say"):
    """Say a line in the chat: 1..500 characters."""

    id: int
    text: str


class TurnPage(msgspec.Struct, frozen=True, tag_field="type", tag="turn_page"):
    """Go to a page, from 1."""

    id: int
    page: int


class CatchUp(msgspec.Struct, frozen=True, tag_field="type", tag="catch_up"):
    """Catching up on the classroom's wall, between the wall and the phones beside it.

    A classroom says what it offers (`offered`, with how long it was away), that a replay is `running`, or `none`; its
    local teacher asks it to `start` or `stop` one. Nobody else is told, and nothing is logged.
    """

    id: int
    act: CatchUpAct
    missed_s: int = 0


class TakeOver(msgspec.Struct, frozen=True, tag_field="type", tag="take_over"):
    """Act for the lecturer, in the place of another local teacher or of nobody; refused while a lecturer is there."""

    id: int


class GiveBack(msgspec.Struct, frozen=True, tag_field="type", tag="give_back"):
    """Stop acting for the lecturer."""

    id: int


class StartLesson(msgspec.Struct, frozen=True, tag_field="type", tag="start_lesson"):
    """Begin class."""

    id: int


class EndLesson(msgspec.Struct, frozen=True, tag_field="type", tag="end_lesson"):
    """End class for everyone."""

    id: int


class Leave(msgspec.Struct, frozen=True, tag_field="type", tag="leave"):
    """Give the seat up at once instead of keeping it for a resume."""

    id: int


class ReportPlayback(msgspec.Struct, frozen=True, tag_field="type", tag="report_playback"):
    """Told about every 10 s, and once more when the page closes: how the lesson has played since the page was loaded.

    All figures grow from 0 with the page; a reload begins a new `session`. It has no answer; one that cannot be true
    is ignored. `watched_ms` runs from the first presented frame to now, in which `video_stall_ms` is time in gaps
    between presented frames longer than 500 ms while a picture was due, and `paused_ms` time in which the server sent
    no large picture on purpose. `audio_ms` and `audio_concealed_ms` are all and concealed samples of the voices.
    """

    session: str  # random for each page load, 8 to 32 letters and digits
    watched_ms: int
    video_stall_ms: int
    paused_ms: int
    audio_ms: int
    audio_concealed_ms: int
    received_bytes: int  # by the receiving connection, over all its renewals
    path: MediaPath = "unknown"  # of the receiving connection, now
    height: int = 0  # lines of the large picture that was presented last; 0: none


ClientMessage = (
    Hello
    | Ping
    | Publish
    | SetSource
    | Subscribe
    | SubscribeAnswer
    | LimitSlot
    | SetMute
    | SetHand
    | CallOn
    | TakeLead
    | Say
    | TurnPage
    | CatchUp
    | ControlWall
    | SetAttendance
    | CallPupil
    | SayPrivately
    | SetLine
    | SetPhase
    | SetTimer
    | MarkMoment
    | PauseRecording
    | SetClip
    | MoveSegment
    | TakeOver
    | GiveBack
    | AskQuestion
    | CloseQuestion
    | RevealAnswer
    | ShowResults
    | PutAway
    | GiveAnswers
    | CountHands
    | StartLesson
    | EndLesson
    | Leave
    | AddInk
    | RemoveInk
    | RestoreInk
    | ClearInk
    | ShowBoard
    | MoveBoard
    | AllowWriting
    | AskBoard
    | ReportPlayback
)
