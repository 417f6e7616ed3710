"""What a journal tells: the parts with their clocks, the people, and the lesson's events. Pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from recorder.journal import Fields
from recorder.pauses import FOREVER, Span, cut_time, is_paused
from recorder.resource import shift_times

WITHHELD: Fields = {"kind": "withheld"}
UNSAID = frozenset({"chat_added", "pupil_called"})  # what people say of people: a pause is for that


@dataclass(slots=True)
class Epoch:
    """A stretch of a part whose stamps have one origin: the part's time `ms0` is the stamp `ticks0`."""

    ms0: int
    ticks0: int
    maps: list[tuple[int, float]]  # (stamp, recording time of its arrival in ms)


@dataclass(slots=True)
class SenderReport:
    """A stamp in the sender's own wall clock, and when the report came."""

    epoch: int
    ticks: int
    ntp_ms: float
    at_ms: float


@dataclass(slots=True)
class PartRecord:
    """A part, as the journal knows it."""

    part: int
    file: str
    peer: str
    source: str
    codec: str
    layer: str
    width: int
    height: int
    clock_rate: int
    opened_ms: float
    epochs: list[Epoch]
    reports: list[SenderReport] = field(default_factory=list)
    closed: bool = False  # nothing is written to it any more


@dataclass(slots=True)
class Story:
    """A recording's journal, understood."""

    recording: str = ""
    room: str = ""
    title: str = ""
    lead_role: str = "lecturer"
    wall_ms: int = 0  # UTC epoch ms of t = 0
    end_ms: float | None = None  # when the lesson ended; None: it never did
    parts: dict[int, PartRecord] = field(default_factory=dict)
    roles: dict[str, str] = field(default_factory=dict)
    events: list[tuple[float, dict[str, Any]]] = field(default_factory=list)
    pauses: list[Span] = field(default_factory=list)  # when nothing was recorded because somebody asked for it


def read_story(lines: Iterable[Fields]) -> Story:
    """Understand a journal's lines. Unknown kinds are passed over: a later version may have written them."""
    story = Story()
    tell_on(story, lines)
    return story


def tell_on(story: Story, lines: Iterable[Fields]) -> None:
    """Add the next lines of its journal to `story`."""
    for line in lines:
        kind = line["kind"]
        if kind == "session.start":
            _take_start(story, line)
        elif kind == "session.end":
            story.end_ms = float(line["t"])
        elif kind == "session.resume":
            story.end_ms = None
            for part in story.parts.values():  # a recorder that was restarted begins new ones
                part.closed = True
        elif kind == "peer":
            story.roles[str(line["peer"])] = str(line["role"])
        elif kind == "event":
            _take_event(story, line)
        elif kind in ("pause", "resume"):
            _take_pause(story, kind, float(line["t"]))
        else:
            _take_part_line(story, kind, line)
    story.events.sort(key=lambda event: event[0])


def cut_story(story: Story) -> Story:
    """Return the story with its events on the time without pauses, which is the time of finished files.

    Times inside of events move with them. What was said in the chat during a pause, and the names of pupils who were
    called on then, are withheld; pages, ink and questions change at the cut, so that what follows stands on what class
    saw.
    """
    return replace(story, events=[_cut_event(story.pauses, t_ms, body) for t_ms, body in story.events])


def _cut_event(pauses: list[Span], t_ms: float, body: Fields) -> tuple[float, Fields]:
    cut_ms = cut_time(pauses, t_ms)
    if body.get("kind") in UNSAID and is_paused(pauses, t_ms):
        return cut_ms, WITHHELD
    return cut_ms, body if cut_ms == t_ms else shift_times(body, round(cut_ms - t_ms))


def resumes(story: Story) -> list[float]:
    """Return where, on the time without pauses, recording went on after one."""
    return [cut_time(story.pauses, until) for _, until in story.pauses if until != FOREVER]


def _take_pause(story: Story, kind: str, t_ms: float) -> None:
    is_open = bool(story.pauses) and story.pauses[-1][1] == FOREVER
    if kind == "pause" and not is_open:
        story.pauses.append((t_ms, FOREVER))
    elif kind == "resume" and is_open:
        story.pauses[-1] = (story.pauses[-1][0], t_ms)


def _take_start(story: Story, line: Fields) -> None:
    story.recording, story.room = str(line.get("recording", "")), str(line.get("room", ""))
    story.title = str(line.get("title", ""))
    story.lead_role = str(line.get("lead_role", story.lead_role))
    story.wall_ms = int(line["wall_ms"]) - round(float(line["t"]))


def _take_event(story: Story, line: Fields) -> None:
    body = line["body"]
    if not isinstance(body, dict):
        return
    story.events.append((float(line["t"]), body))
    if body.get("kind") == "participant_joined":
        participant = body.get("participant") or {}
        story.roles[str(participant.get("peer", ""))] = str(participant.get("role", ""))


def _take_part_line(story: Story, kind: str, line: Fields) -> None:
    if kind == "part.open":
        opened = float(line["at"])
        story.parts[int(line["part"])] = PartRecord(
            part=int(line["part"]), file=str(line["file"]), peer=str(line["peer"]), source=str(line["source"]),
            codec=str(line["codec"]), layer=str(line["layer"]), width=int(line["width"]), height=int(line["height"]),
            clock_rate=int(line["clock_rate"]), opened_ms=opened,
            epochs=[Epoch(0, int(line["rtp"]), [(int(line["rtp"]), opened)])],
        )  # fmt: skip
        return
    part = story.parts.get(int(line.get("part", 0)))
    if part is None:
        return
    if kind == "map":
        part.epochs[-1].maps.append((int(line["rtp"]), float(line["at"])))
    elif kind == "restamp":
        rtp = int(line["rtp"])
        part.epochs.append(Epoch(int(line["ms"]), rtp, [(rtp, float(line["at"]))]))
    elif kind == "sr":
        epoch = len(part.epochs) - 1
        part.reports.append(SenderReport(epoch, int(line["rtp"]), float(line["ntp_ms"]), float(line["at"])))
    elif kind == "part.close":
        part.closed = True


def lead_spans(story: Story) -> list[tuple[float, str]]:
    """Return from when on which peer led: `[(from_ms, peer), …]`, the first from the very beginning.

    While nobody led, the one before goes on. A lesson without any such event is led by the peer of the lead's role
    whose media came first, or when nobody is known to have it, by one of whom nothing is known.
    """
    spans: list[tuple[float, str]] = []
    for t_ms, body in story.events:
        if body.get("kind") == "lead_changed" and body.get("peer"):
            peer = str(body["peer"])
            if not spans or spans[-1][1] != peer:
                spans.append((t_ms, peer))
    if not spans:
        parts = sorted(story.parts.values(), key=lambda part: part.opened_ms)
        leaders = [part.peer for part in parts if story.roles.get(part.peer) == story.lead_role]
        leaders = leaders or [part.peer for part in parts if not story.roles.get(part.peer)]
        spans = [(0.0, peer) for peer in leaders[:1]]
    return [(float("-inf") if index == 0 else start, peer) for index, (start, peer) in enumerate(spans)]


def page_turns(story: Story) -> list[tuple[float, int, str]]:
    """Return `(t_ms, page, title)` of each page that was shown, in order; times before the recording are kept."""
    titles: tuple[str, ...] = ()
    turns: list[tuple[float, int, str]] = []
    for t_ms, body in story.events:
        kind = body.get("kind")
        if kind == "deck_changed":
            deck = body.get("deck") or {}
            titles = tuple(str(title) for title in deck.get("titles", ()))
            if deck:
                turns.append((t_ms, 1, titles[0] if titles else ""))
        elif kind == "page_turned":
            page = int(body.get("page", 1))
            title = str(body.get("title") or "")
            if not title and 1 <= page <= len(titles):
                title = titles[page - 1]
            turns.append((t_ms, page, title))
    return turns


def marks(story: Story) -> list[tuple[float, str]]:
    """Return `(t_ms, label)` of each moment that somebody marked, in order."""
    found = []
    for t_ms, body in story.events:
        mark = body.get("mark")
        if body.get("kind") == "marked" and isinstance(mark, dict):
            found.append((t_ms, str(mark.get("label") or "")))
    return found


def called_spans(story: Story) -> list[tuple[float, float, str]]:
    """Return `(from_ms, to_ms, peer)` of each time that a classroom was called on, in order; they do not overlap."""
    spans: list[tuple[float, float, str]] = []
    since, called = 0.0, ""
    for t_ms, body in story.events:
        kind = body.get("kind")
        has_left = kind == "participant_left" and str(body.get("peer") or "") == called
        if not has_left and kind not in ("called_on", "lesson_ended"):
            continue
        if called and t_ms > since:
            spans.append((since, t_ms, called))
        since, called = t_ms, str(body.get("peer") or "") if kind == "called_on" else ""
    if called:
        spans.append((since, story.end_ms if story.end_ms is not None else float("inf"), called))
    return spans
