"""What a room is made of: the state that everybody shares, as far as they may see it (`signaling.views`).

Part of the contract that `signaling.messages` is the door to.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from signaling.board import Board
from signaling.class_list import Absence, CalledPupil, Roster
from signaling.clips import Clip, ShownClip
from signaling.ids import PeerId
from signaling.phases import Mark, Phase, Timer
from signaling.private_line import PrivateText, VoiceLine
from signaling.questions import Quiz
from signaling.roles import Role
from signaling.segments import Course

Source = Literal["camera", "mic", "screen", "line"]  # line: the voice of a private line
Slot = str  # "lecturer", "screen", "guest", "tile0".."tile5", "audio0".."audio2"
Rung = Literal["hd", "clear", "smooth", "slides_audio", "audio"]  # 高清 清晰 流畅 课件+声音 仅声音
RoomKind = Literal["lesson", "meeting"]
LessonState = Literal["scheduled", "live", "ended"]
CatchUpAct = Literal["offered", "running", "none", "start", "stop"]
MediaPath = Literal["udp", "turn_udp", "turn_tcp", "turn_tls", "unknown"]  # how media reaches a client
LinkState = Literal["ok", "suspect", "outage"]


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
    paired_school: str = ""  # the second 1 of 1+1+N, by name as in `Participant`; empty: none
    kind: RoomKind = "lesson"  # "meeting": a table instead of a classroom, everybody speaks (`signaling.meeting`)


class Snapshot(msgspec.Struct, frozen=True):
    """The whole state of a room after the event `seq`."""

    seq: int
    t_ms: int
    lesson: LessonInfo
    deck: Deck | None
    page: int
    participants: tuple[Participant, ...]
    lead: PeerId | None  # the lecturer whose picture fills the `lecturer` slot; in a meeting, who has the chair
    called_on: PeerId | None
    chat: tuple[ChatLine, ...]  # the last 100 lines
    recording: bool
    recording_paused_t_ms: int | None = None  # since when nothing is recorded because whoever leads asked for it
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
    clips: tuple[Clip, ...] = ()  # that the lesson has
    clip: ShownClip | None = None  # shown instead of the page
    course: Course | None = None  # the segments of the plan that it is taught by
    board: Board = Board()  # in a welcome: of the shown surface as much as is sent at once, of others their names
