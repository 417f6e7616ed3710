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

import msgspec

# One door to the whole contract. What belongs to one feature stands in its module; `as` says that it is part of it.
from signaling.board import (
    INK_UNITS as INK_UNITS,
    AuthorKnown as AuthorKnown,
    Board as Board,
    BoardMoved as BoardMoved,
    BoardPart as BoardPart,
    BoardShown as BoardShown,
    InkAdded as InkAdded,
    InkAuthor as InkAuthor,
    InkCleared as InkCleared,
    InkObject as InkObject,
    InkRemoved as InkRemoved,
    InkRestored as InkRestored,
    InkTool as InkTool,
    Surface as Surface,
    WritersChanged as WritersChanged,
)
from signaling.board_requests import (
    AddInk as AddInk,
    AllowWriting as AllowWriting,
    AskBoard as AskBoard,
    ClearInk as ClearInk,
    InkRefused as InkRefused,
    MoveBoard as MoveBoard,
    RemoveInk as RemoveInk,
    RestoreInk as RestoreInk,
    ShowBoard as ShowBoard,
)
from signaling.class_list import (
    MAX_CALLED as MAX_CALLED,
    MAX_PUPILS as MAX_PUPILS,
    Absence as Absence,
    AttendanceSet as AttendanceSet,
    CalledPupil as CalledPupil,
    CallPupil as CallPupil,
    Pupil as Pupil,
    PupilCalled as PupilCalled,
    Roster as Roster,
    RosterSet as RosterSet,
    SetAttendance as SetAttendance,
)
from signaling.clips import (
    MAX_CLIP_MS as MAX_CLIP_MS,
    Clip as Clip,
    ClipChanged as ClipChanged,
    ClipsSet as ClipsSet,
    SetClip as SetClip,
    ShownClip as ShownClip,
)
from signaling.errors import ProtocolViolation
from signaling.events import (
    ActingChanged as ActingChanged,
    CalledOn as CalledOn,
    ChatAdded as ChatAdded,
    DeckChanged as DeckChanged,
    Event as Event,
    EventBody as EventBody,
    Events as Events,
    HandChanged as HandChanged,
    LeadChanged as LeadChanged,
    LessonEnded as LessonEnded,
    LessonStarted as LessonStarted,
    MuteChanged as MuteChanged,
    OnlineChanged as OnlineChanged,
    PageTurned as PageTurned,
    ParticipantJoined as ParticipantJoined,
    ParticipantLeft as ParticipantLeft,
    RecordingChanged as RecordingChanged,
    SourcePublished as SourcePublished,
    SourceUnpublished as SourceUnpublished,
    Withheld as Withheld,
)
from signaling.ids import ClassroomId as ClassroomId, PeerId as PeerId, PupilId as PupilId, RoomId as RoomId
from signaling.phases import (
    MAX_MARKS as MAX_MARKS,
    Mark as Mark,
    Marked as Marked,
    MarkMoment as MarkMoment,
    Phase as Phase,
    PhaseChanged as PhaseChanged,
    SetPhase as SetPhase,
    SetTimer as SetTimer,
    Timer as Timer,
    TimerSet as TimerSet,
)
from signaling.private_line import (
    MAX_PRIVATE_LINES as MAX_PRIVATE_LINES,
    LineAct as LineAct,
    PrivateSaid as PrivateSaid,
    PrivateText as PrivateText,
    SayPrivately as SayPrivately,
    SetLine as SetLine,
    VoiceLine as VoiceLine,
    VoiceLineChanged as VoiceLineChanged,
)
from signaling.questions import (
    MAX_BATCH as MAX_BATCH,
    MAX_CARD_OPTIONS as MAX_CARD_OPTIONS,
    MAX_HANDS as MAX_HANDS,
    MAX_OPTION as MAX_OPTION,
    MAX_OPTIONS as MAX_OPTIONS,
    MAX_PAST_TITLE as MAX_PAST_TITLE,
    MAX_QUESTIONS as MAX_QUESTIONS,
    MAX_TEXT_ANSWER as MAX_TEXT_ANSWER,
    MAX_TITLE as MAX_TITLE,
    MAX_WHOLE as MAX_WHOLE,
    Answer as Answer,
    AnswerRevealed as AnswerRevealed,
    AnswersGiven as AnswersGiven,
    AnswerSource as AnswerSource,
    Asked as Asked,
    AskQuestion as AskQuestion,
    CloseQuestion as CloseQuestion,
    CountHands as CountHands,
    GiveAnswers as GiveAnswers,
    PastQuestion as PastQuestion,
    PutAway as PutAway,
    Question as Question,
    QuestionAsked as QuestionAsked,
    QuestionClosed as QuestionClosed,
    QuestionId as QuestionId,
    QuestionKind as QuestionKind,
    QuestionPutAway as QuestionPutAway,
    QuestionStage as QuestionStage,
    Quiz as Quiz,
    ResultsShown as ResultsShown,
    RevealAnswer as RevealAnswer,
    Sheet as Sheet,
    ShowResults as ShowResults,
    Tally as Tally,
    TallyChanged as TallyChanged,
    Written as Written,
)
from signaling.recording_pause import PauseRecording as PauseRecording, RecordingPaused as RecordingPaused
from signaling.replies import (
    Bye as Bye,
    CatchUpTold as CatchUpTold,
    Encodings as Encodings,
    Error as Error,
    Link as Link,
    Links as Links,
    MediaReset as MediaReset,
    Ok as Ok,
    Pong as Pong,
    PublishAnswer as PublishAnswer,
    RestartIce as RestartIce,
    Resumed as Resumed,
    ServerMessage as ServerMessage,
    SlotFill as SlotFill,
    SlotLine as SlotLine,
    Slots as Slots,
    SubscribeOffer as SubscribeOffer,
    Welcome as Welcome,
)
from signaling.requests import (
    CallOn as CallOn,
    CatchUp as CatchUp,
    ClientMessage as ClientMessage,
    EndLesson as EndLesson,
    GiveBack as GiveBack,
    Hello as Hello,
    Leave as Leave,
    LimitSlot as LimitSlot,
    Ping as Ping,
    Publish as Publish,
    ReportPlayback as ReportPlayback,
    Say as Say,
    SetHand as SetHand,
    SetMute as SetMute,
    SetSource as SetSource,
    SourceLine as SourceLine,
    StartLesson as StartLesson,
    Subscribe as Subscribe,
    SubscribeAnswer as SubscribeAnswer,
    TakeLead as TakeLead,
    TakeOver as TakeOver,
    TurnPage as TurnPage,
)
from signaling.segments import (
    MAX_SEGMENTS as MAX_SEGMENTS,
    Course as Course,
    CourseSet as CourseSet,
    MoveSegment as MoveSegment,
    Segment as Segment,
    SegmentLeader as SegmentLeader,
    SegmentMoved as SegmentMoved,
)
from signaling.state import (
    CatchUpAct as CatchUpAct,
    ChatLine as ChatLine,
    Deck as Deck,
    LessonInfo as LessonInfo,
    LessonState as LessonState,
    LinkState as LinkState,
    MediaPath as MediaPath,
    Participant as Participant,
    RoomKind as RoomKind,
    Rung as Rung,
    Slot as Slot,
    Snapshot as Snapshot,
    Source as Source,
    SourceInfo as SourceInfo,
)
from signaling.wall_control import ControlWall as ControlWall, WallLayout as WallLayout, WallTold as WallTold

PROTOCOL_VERSION = 1

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
