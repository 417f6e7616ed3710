"""How the lesson played at each seat: what pages report, what the media plane sent, added up and checked.

Theory of operation. A page tells totals since it was loaded (`ReportPlayback`); what counts is the growth between two
reports of one page. So a repeated, late or lost report costs nothing, a reload begins at zero, and a page that outlived
a restart of the server first shows where it stands and counts from there. Growth is believed as far as the clock
allows: nobody watched longer than their seat exists. Whoever lies spoils their own figures only, and only within that.
Figures grow while class is on and for its last seconds, not before it.
"""

from __future__ import annotations

import re

import msgspec
from msgspec.structs import replace

from signaling import messages as m
from signaling.errors import ProtocolViolation
from signaling.roles import Role

STORE_S = 10.0  # between two notes of what changed; a crash of the process loses no more
RECEPTION_MS = 2_000  # one report of the media plane stands for this long (media/control.py)
EARLY_MS = 5_000  # a page's clock and ours may differ by so much over a lesson, and a page counts before its socket
MAX_PEERS = 400  # twice the seats of a room: who comes and goes; later ones are not counted
MAX_MS = 7 * 86_400_000  # longer than any page stays open
MAX_BYTES_PER_MS = 12_500  # 100 Mbit/s
MAX_VOICES = 3  # slots audio0..audio2, each with samples of its own
MAX_LINES = 4_320
_SESSION = re.compile(r"[A-Za-z0-9_-]{8,32}")
_DURATIONS = ("watched_ms", "video_stall_ms", "paused_ms", "audio_ms", "audio_concealed_ms")


class Playback(msgspec.Struct, frozen=True):
    """What one seat saw and heard of a lesson, over all its pages and connections."""

    peer: m.PeerId
    role: Role
    name: str
    school: str
    school_id: str = ""
    classroom: str | None = None  # classroom id
    watched_ms: int = 0
    video_stall_ms: int = 0
    paused_ms: int = 0
    audio_ms: int = 0
    audio_concealed_ms: int = 0
    received_bytes: int = 0  # as the page counts them
    line_ms: int = 0  # lines of the large picture × milliseconds that it was watched
    sent_bytes: int = 0  # as the server counts them: media, page pictures, replays
    hd_ms: int = 0  # time at each rung
    clear_ms: int = 0
    smooth_ms: int = 0
    slides_audio_ms: int = 0
    audio_only_ms: int = 0
    path: m.MediaPath = "unknown"  # the last one that was told
    limited: bool = False  # a data cap was in force at some time


_RUNG_FIELD: dict[m.Rung, str] = {
    "hd": "hd_ms",
    "clear": "clear_ms",
    "smooth": "smooth_ms",
    "slides_audio": "slides_audio_ms",
    "audio": "audio_only_ms",
}


class _Seen(msgspec.Struct):
    """What the figures of one seat are measured against."""

    since: float  # monotonic seconds: nothing of before is believed
    counted_ms: int = 0
    counted_audio_ms: int = 0
    counted_bytes: int = 0
    report: m.ReportPlayback | None = None
    sent_bytes: int = 0


class PlaybackBook:
    """The figures of a room's seats."""

    def __init__(self, now: float) -> None:
        self._rows: dict[m.PeerId, Playback] = {}
        self._seen: dict[m.PeerId, _Seen] = {}
        self._changed: set[m.PeerId] = set()
        self._store_due = now + STORE_S

    def load(self, rows: tuple[Playback, ...]) -> None:
        """Take in what was stored before a restart; the rooms are the same, the pages may be."""
        self._rows.update((row.peer, row) for row in rows)

    def open(self, one: m.Participant, school_id: str, now: float) -> None:
        """Begin or continue the figures of a seat."""
        row = self._rows.get(one.peer)
        if row is None and len(self._rows) >= MAX_PEERS:
            return
        if row is None:
            row = Playback(one.peer, one.role, one.name, one.school)
        self._rows[one.peer] = replace(row, name=one.name, school_id=school_id, classroom=one.classroom)
        self._seen.setdefault(one.peer, _Seen(now))

    def on_report(self, peer: m.PeerId, report: m.ReportPlayback, now: float, *, counts: bool) -> None:
        """Take in a page's report; `counts`: class is on.

        Raises:
            ProtocolViolation: `message_malformed`: no page of ours can have made it.
        """
        _check_shape(report)
        row, seen = self._rows.get(peer), self._seen.get(peer)
        if row is None or seen is None:
            return
        before, seen.report = seen.report, report
        if before is None or before.session != report.session:
            before = m.ReportPlayback(report.session, 0, 0, 0, 0, 0, 0)
        if counts and self._is_plausible(seen, before, report, now):
            seen.counted_ms += report.watched_ms - before.watched_ms
            seen.counted_audio_ms += report.audio_ms - before.audio_ms
            seen.counted_bytes += report.received_bytes - before.received_bytes
            row = _grown(row, before, report)
        self._rows[peer] = replace(row, path=report.path)
        self._changed.add(peer)

    def on_reception(self, peer: m.PeerId, sent_bytes: int, rung: m.Rung | None, *, counts: bool, limited: bool) -> int:
        """Take in what the media plane sent to `peer` by its present connection; return all of this lesson.

        `rung` is None for a peer that receives nothing.
        """
        row, seen = self._rows.get(peer), self._seen.get(peer)
        if row is None or seen is None:
            return 0
        grown = sent_bytes - seen.sent_bytes if sent_bytes >= seen.sent_bytes else sent_bytes  # a new connection
        seen.sent_bytes = sent_bytes
        changes: dict[str, int | bool] = {"sent_bytes": row.sent_bytes + grown, "limited": row.limited or limited}
        if counts and rung is not None:
            field = _RUNG_FIELD[rung]
            changes[field] = getattr(row, field) + RECEPTION_MS
        self._rows[peer] = replace(row, **changes)
        self._changed.add(peer)
        return row.sent_bytes + grown

    def on_download(self, peer: m.PeerId, size_bytes: int) -> None:
        """Take in that `peer` fetched a page's picture or a piece of a replay."""
        row = self._rows.get(peer)
        if row is not None:
            self._rows[peer] = replace(row, sent_bytes=row.sent_bytes + size_bytes)
            self._changed.add(peer)

    def all(self) -> tuple[Playback, ...]:
        """Return the figures of everybody who was here."""
        return tuple(self._rows.values())

    def poll_changed(self, now: float) -> tuple[Playback, ...]:
        """Return what changed since the last time, once every `STORE_S`."""
        if now < self._store_due:
            return ()
        self._store_due = now + STORE_S
        changed = tuple(self._rows[peer] for peer in sorted(self._changed))
        self._changed.clear()
        return changed

    @staticmethod
    def _is_plausible(seen: _Seen, before: m.ReportPlayback, after: m.ReportPlayback, now: float) -> bool:
        """Return whether `after` can follow `before` at `now`."""
        if any(getattr(after, name) < getattr(before, name) for name in (*_DURATIONS, "received_bytes")):
            return False
        elapsed_ms = (now - seen.since) * 1000 + EARLY_MS
        return (
            max(after.video_stall_ms, after.paused_ms) <= after.watched_ms
            and after.audio_concealed_ms <= after.audio_ms
            and seen.counted_ms + after.watched_ms - before.watched_ms <= elapsed_ms
            and seen.counted_audio_ms + after.audio_ms - before.audio_ms <= MAX_VOICES * elapsed_ms
            and seen.counted_bytes + after.received_bytes - before.received_bytes <= MAX_BYTES_PER_MS * elapsed_ms
        )


def _check_shape(report: m.ReportPlayback) -> None:
    durations = [getattr(report, name) for name in _DURATIONS]
    is_sound = (
        _SESSION.fullmatch(report.session) is not None
        and all(0 <= one <= MAX_MS * MAX_VOICES for one in durations)
        and 0 <= report.received_bytes <= MAX_BYTES_PER_MS * MAX_MS
        and 0 <= report.height <= MAX_LINES
    )
    if not is_sound:
        raise ProtocolViolation("message_malformed", "消息格式不对。")


def _grown(row: Playback, before: m.ReportPlayback, after: m.ReportPlayback) -> Playback:
    """Return `row` with what happened between two reports; the parts never exceed their whole."""
    watched_ms = row.watched_ms + after.watched_ms - before.watched_ms
    audio_ms = row.audio_ms + after.audio_ms - before.audio_ms
    concealed_ms = row.audio_concealed_ms + after.audio_concealed_ms - before.audio_concealed_ms
    return replace(
        row,
        watched_ms=watched_ms,
        video_stall_ms=min(watched_ms, row.video_stall_ms + after.video_stall_ms - before.video_stall_ms),
        paused_ms=min(watched_ms, row.paused_ms + after.paused_ms - before.paused_ms),
        audio_ms=audio_ms,
        audio_concealed_ms=min(audio_ms, concealed_ms),
        received_bytes=row.received_bytes + after.received_bytes - before.received_bytes,
        line_ms=row.line_ms + after.height * (after.watched_ms - before.watched_ms),
    )
