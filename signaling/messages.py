"""Every message of the lesson's WebSocket, client and server side, and the types in them.

This module is the contract: `docs/signaling.md` explains it, `web/src/generated/messages.ts` is generated from it
(`python -m signaling.typescript`), and a test fails when they differ. Messages are JSON objects tagged by `type`,
snake_case. Times named `t_ms` are milliseconds since the room was opened; `_ms` elsewhere is a duration.

A client sends `Hello` first. It is answered by `Welcome` (snapshot) or `Resumed` (the events that were missed), and
from then on the state of the room on both sides is `snapshot + events in order of seq`. `Notice`s carry what is not
part of that state: per-receiver facts that are sent whole each time and may be lost.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

import msgspec

from signaling.board import INK_UNITS as INK_UNITS
from signaling.board import AuthorKnown as AuthorKnown
from signaling.board import Board as Board
from signaling.board import BoardMoved as BoardMoved
from signaling.board import BoardPart as BoardPart
from signaling.board import BoardShown as BoardShown
from signaling.board import InkAdded as InkAdded
from signaling.board import InkAuthor as InkAuthor
from signaling.board import InkCleared as InkCleared
from signaling.board import InkObject as InkObject
from signaling.board import InkRemoved as InkRemoved
from signaling.board import InkRestored as InkRestored
from signaling.board import InkTool as InkTool
from signaling.board import Surface as Surface
from signaling.board import WritersChanged as WritersChanged
from signaling.board_requests import AddInk as AddInk
from signaling.board_requests import AllowWriting as AllowWriting
from signaling.board_requests import AskBoard as AskBoard
from signaling.board_requests import ClearInk as ClearInk
from signaling.board_requests import InkRefused as InkRefused
from signaling.board_requests import MoveBoard as MoveBoard
from signaling.board_requests import RemoveInk as RemoveInk
from signaling.board_requests import RestoreInk as RestoreInk
from signaling.board_requests import ShowBoard as ShowBoard

# What belongs to one feature stands in its module; `as` says that it is part of this contract.
from signaling.class_list import MAX_CALLED as MAX_CALLED
from signaling.class_list import MAX_PUPILS as MAX_PUPILS
from signaling.class_list import Absence as Absence
from signaling.class_list import AttendanceSet as AttendanceSet
from signaling.class_list import CalledPupil as CalledPupil
from signaling.class_list import CallPupil as CallPupil
from signaling.class_list import Pupil as Pupil
from signaling.class_list import PupilCalled as PupilCalled
from signaling.class_list import Roster as Roster
from signaling.class_list import RosterSet as RosterSet
from signaling.class_list import SetAttendance as SetAttendance
from signaling.errors import ProtocolViolation
from signaling.ids import ClassroomId as ClassroomId
from signaling.ids import PeerId as PeerId
from signaling.ids import PupilId as PupilId
from signaling.ids import RoomId as RoomId
from signaling.phases import MAX_MARKS as MAX_MARKS
from signaling.phases import Mark as Mark
from signaling.phases import Marked as Marked
from signaling.phases import MarkMoment as MarkMoment
from signaling.phases import Phase as Phase
from signaling.phases import PhaseChanged as PhaseChanged
from signaling.phases import SetPhase as SetPhase
from signaling.phases import SetTimer as SetTimer
from signaling.phases import Timer as Timer
from signaling.phases import TimerSet as TimerSet
from signaling.private_line import MAX_PRIVATE_LINES as MAX_PRIVATE_LINES
from signaling.private_line import LineAct as LineAct
from signaling.private_line import PrivateSaid as PrivateSaid
from signaling.private_line import PrivateText as PrivateText
from signaling.private_line import SayPrivately as SayPrivately
from signaling.private_line import SetLine as SetLine
from signaling.private_line import VoiceLine as VoiceLine
from signaling.private_line import VoiceLineChanged as VoiceLineChanged
from signaling.questions import MAX_BATCH as MAX_BATCH
from signaling.questions import MAX_CARD_OPTIONS as MAX_CARD_OPTIONS
from signaling.questions import MAX_HANDS as MAX_HANDS
from signaling.questions import MAX_OPTION as MAX_OPTION
from signaling.questions import MAX_OPTIONS as MAX_OPTIONS
from signaling.questions import MAX_PAST_TITLE as MAX_PAST_TITLE
from signaling.questions import MAX_QUESTIONS as MAX_QUESTIONS
from signaling.questions import MAX_TEXT_ANSWER as MAX_TEXT_ANSWER
from signaling.questions import MAX_TITLE as MAX_TITLE
from signaling.questions import MAX_WHOLE as MAX_WHOLE
from signaling.questions import Answer as Answer
from signaling.questions import AnswerRevealed as AnswerRevealed
from signaling.questions import AnswersGiven as AnswersGiven
from signaling.questions import AnswerSource as AnswerSource
from signaling.questions import Asked as Asked
from signaling.questions import AskQuestion as AskQuestion
from signaling.questions import CloseQuestion as CloseQuestion
from signaling.questions import CountHands as CountHands
from signaling.questions import GiveAnswers as GiveAnswers
from signaling.questions import PastQuestion as PastQuestion
from signaling.questions import PutAway as PutAway
from signaling.questions import Question as Question
from signaling.questions import QuestionAsked as QuestionAsked
from signaling.questions import QuestionClosed as QuestionClosed
from signaling.questions import QuestionId as QuestionId
from signaling.questions import QuestionKind as QuestionKind
from signaling.questions import QuestionPutAway as QuestionPutAway
from signaling.questions import QuestionStage as QuestionStage
from signaling.questions import Quiz as Quiz
from signaling.questions import ResultsShown as ResultsShown
from signaling.questions import RevealAnswer as RevealAnswer
from signaling.questions import Sheet as Sheet
from signaling.questions import ShowResults as ShowResults
from signaling.questions import Tally as Tally
from signaling.questions import TallyChanged as TallyChanged
from signaling.roles import Role
from signaling.wall_control import ControlWall as ControlWall
from signaling.wall_control import WallLayout as WallLayout
from signaling.wall_control import WallTold as WallTold

PROTOCOL_VERSION = 1

Source = Literal["camera", "mic", "screen", "line"]  # line: the voice of a private line
Slot = str  # "lecturer", "screen", "guest", "tile0".."tile5", "audio0".."audio2"
Rung = Literal["hd", "clear", "smooth", "slides_audio", "audio"]  # 高清 清晰 流畅 课件+声音 仅声音
LessonState = Literal["scheduled", "live", "ended"]
CatchUpAct = Literal["offered", "running", "none", "start", "stop"]
MediaPath = Literal["udp", "turn_udp", "turn_tcp", "turn_tls", "unknown"]  # how media reaches a client
LinkState = Literal["ok", "suspect", "outage"]

# --- what a room is made of --------------------------------------------------------------------------------------


class SourceInfo(msgspec.Struct, frozen=True):
    """A published source of a participant."""

    source: Source
    muted: bool = False


class Participant(msgspec.Struct, frozen=True):
    """One seat in the room. A seat whose socket dropped stays with `online=False` until its resume time is over."""

    peer: PeerId
    role: Role
    name: str
    school: str
    classroom: str | None = None  # classroom id, for classrooms and their local teachers
    online: bool = True
    hand: bool = False
    hand_for: str = ""  # whom the hand is raised for, as the local teacher typed it
    sources: tuple[SourceInfo, ...] = ()


class ChatLine(msgspec.Struct, frozen=True):
    """A line of chat."""

    t_ms: int
    peer: PeerId
    name: str
    school: str
    text: str


class Deck(msgspec.Struct, frozen=True):
    """The pages of the lesson. Page n (from 1) is fetched at `page_url` with `{page}` replaced.

    When there are `widths`, `&w=` and one of them follow: the smallest that is not smaller than the longer side of the
    page where it is shown, in pixels of the screen. Without, the page is a drawing that is sharp at any size.
    """

    id: str
    title: str
    pages: int
    page_url: str
    titles: tuple[str, ...] = ()
    widths: tuple[int, ...] = ()  # px, the smallest first
    ratios: tuple[float, ...] = ()  # width to height of each page; a single one holds for all; none: not known


class LessonInfo(msgspec.Struct, frozen=True):
    """What the lesson is."""

    id: str
    title: str
    subject: str
    lecturer_school: str
    planned_minutes: int
    state: LessonState
    started_t_ms: int | None = None
    ended_t_ms: int | None = None


class Snapshot(msgspec.Struct, frozen=True):
    """The whole state of a room after the event `seq`."""

    seq: int
    t_ms: int
    lesson: LessonInfo
    deck: Deck | None
    page: int
    participants: tuple[Participant, ...]
    lead: PeerId | None  # the lecturer whose picture fills the `lecturer` slot
    called_on: PeerId | None
    chat: tuple[ChatLine, ...]  # the last 100 lines
    recording: bool
    acting: PeerId | None = None  # the local teacher who leads while no lecturer can
    rosters: tuple[Roster, ...] = ()  # of those classrooms that the reader may see, like the next
    absences: tuple[Absence, ...] = ()
    private_lines: tuple[PrivateText, ...] = ()
    voice_line: VoiceLine | None = None
    called: tuple[CalledPupil, ...] = ()  # all pupils who were called on, in order
    called_pupil: CalledPupil | None = None  # who is called on now
    phase: Phase = "class"
    timer: Timer | None = None
    marks: tuple[Mark, ...] = ()
    quiz: Quiz = Quiz()
    board: Board = Board()  # in a welcome: of the shown surface as much as is sent at once, of others their names


# --- events: numbered, logged, journalled -------------------------------------------------------------------------


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
    | ActingChanged
    | RosterSet
    | AttendanceSet
    | PupilCalled
    | PrivateSaid
    | VoiceLineChanged
    | PhaseChanged
    | TimerSet
    | Marked
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


# --- client → server ----------------------------------------------------------------------------------------------


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
    tiles: int = 0  # how many small pictures this screen has room for, 0..6
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

# --- server → client ----------------------------------------------------------------------------------------------


class Welcome(msgspec.Struct, frozen=True, tag_field="type", tag="welcome"):
    """You are in. `resume` brings this seat back after a drop, for `resume_s` seconds."""

    you: PeerId
    role: Role
    capabilities: tuple[str, ...]
    resume: str
    resume_s: int
    snapshot: Snapshot


class Resumed(msgspec.Struct, frozen=True, tag_field="type", tag="resumed"):
    """Your seat was kept; the events after your `last_seq` follow as `Event`s. Media goes on by itself."""

    you: PeerId
    resume: str
    resume_s: int
    seq: int


class Pong(msgspec.Struct, frozen=True, tag_field="type", tag="pong"):
    """The answer to `Ping`, with the same `n`."""

    n: int
    t_ms: int


class Ok(msgspec.Struct, frozen=True, tag_field="type", tag="ok"):
    """The request `id` was carried out."""

    id: int


class Error(msgspec.Struct, frozen=True, tag_field="type", tag="error"):
    """The request `id` failed (0: no request). `fatal` errors are followed by a close."""

    id: int
    code: str
    detail: str
    fatal: bool = False


class PublishAnswer(msgspec.Struct, frozen=True, tag_field="type", tag="publish_answer"):
    """The answer to `Publish`."""

    id: int
    sdp: str


class SlotLine(msgspec.Struct, frozen=True):
    """Which slot a media description of the server's offer carries."""

    mid: str
    slot: Slot
    kind: Literal["audio", "video"]


class SubscribeOffer(msgspec.Struct, frozen=True, tag_field="type", tag="subscribe_offer"):
    """The answer to `Subscribe`: answer it with `SubscribeAnswer`."""

    id: int
    sdp: str
    slots: tuple[SlotLine, ...]


class SlotFill(msgspec.Struct, frozen=True):
    """What a slot shows. `paused`: the picture stands still, because of the link or because nobody sends."""

    slot: Slot
    peer: PeerId | None = None
    source: Source | None = None
    height: int = 0
    paused: bool = False


class Slots(msgspec.Struct, frozen=True, tag_field="type", tag="slots"):
    """Notice: what your slots show now, all of them."""

    slots: tuple[SlotFill, ...]


class Link(msgspec.Struct, frozen=True):
    """How one participant's way to the server is."""

    peer: PeerId
    rung: Rung
    rtt_ms: int
    loss_pct: float
    down_bps: int
    audio_ok: bool  # the lead's voice arrives, or nobody speaks
    path: MediaPath | Literal["none"] = "unknown"  # as its page reports it; none: the media path is lost
    uplink_loss_pct: float = 0.0
    state: LinkState = "ok"  # suspect: nothing was heard from it for a moment; outage: long enough to be gone
    limited: bool = False  # held down by the school's data cap, not by the link
    bytes_down: int = 0  # sent to it in this lesson: media over all its connections, page pictures, replays


class Links(msgspec.Struct, frozen=True, tag_field="type", tag="links"):
    """Notice, at most every 2 s: how links are now, all of them to those who may see them, else one's own.

    The first on a socket is `whole`; the others tell what changed: they replace the links of the same peers.
    """

    links: tuple[Link, ...]
    whole: bool = True  # forget what was told before
    gone: tuple[PeerId, ...] = ()  # nothing is known of these any longer


class CatchUpTold(msgspec.Struct, frozen=True, tag_field="type", tag="catch_up_told"):
    """Notice: what the own classroom, or its local teacher, said by `CatchUp`."""

    act: CatchUpAct
    missed_s: int = 0


class MediaReset(msgspec.Struct, frozen=True, tag_field="type", tag="media_reset"):
    """Notice: the media path was lost on the server's side. Make both connections anew."""


class RestartIce(msgspec.Struct, frozen=True, tag_field="type", tag="restart_ice"):
    """Notice: the server has not heard this connection for a while; restart ICE on it."""

    connection: Literal["publish", "subscribe"]


class Encodings(msgspec.Struct, frozen=True, tag_field="type", tag="encodings"):
    """Notice: which layers of your source somebody takes now, poorest first. The others need not be encoded.

    Until it is told, all are taken; that holds again after a `MediaReset` and after a `Welcome`.
    """

    source: Source
    rids: tuple[str, ...]


class Bye(msgspec.Struct, frozen=True, tag_field="type", tag="bye"):
    """The server closes this socket. `code` as in docs/errors.md (replaced, lesson_ended, too_slow, shutdown)."""

    code: str
    detail: str


ServerMessage = (
    Welcome
    | Resumed
    | Pong
    | Ok
    | Error
    | Event
    | Events
    | PublishAnswer
    | SubscribeOffer
    | Slots
    | Links
    | CatchUpTold
    | WallTold
    | BoardPart
    | InkRefused
    | MediaReset
    | RestartIce
    | Encodings
    | Bye
)

MAX_MESSAGE_BYTES = 65_536  # an SDP offer of a sending client is about 12 kB; checked before decoding

_decode_client: Callable[[bytes], ClientMessage] = msgspec.json.Decoder(ClientMessage).decode
_encode = msgspec.json.Encoder().encode


def decode_client(data: bytes) -> ClientMessage:
    """Return the message in `data`.

    Raises:
        ProtocolViolation: `message_too_large` or `message_malformed`; nothing else.
    """
    if len(data) > MAX_MESSAGE_BYTES:
        raise ProtocolViolation("message_too_large", "消息太大。")
    try:
        return _decode_client(data)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolViolation("message_malformed", "消息格式不对。") from error


def encode(message: ServerMessage | ClientMessage) -> bytes:
    """Return the JSON text of `message`."""
    return _encode(message)
