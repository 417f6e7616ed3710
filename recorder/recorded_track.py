"""A tapped track of a live session, and the part that it is written to."""

from __future__ import annotations

from dataclasses import dataclass

from media.tap import TapTrack
from recorder.journal import Fields
from recorder.ops import OpenPart
from recorder.part_names import part_file
from recorder.track_tap import Frame, Restamp, TrackTap

NEVER_NS = -(1 << 62)


@dataclass(slots=True)
class RecordedTrack:
    """A track. What is said of a part holds for the present one."""

    description: TapTrack
    tap: TrackTap
    part: int | None = None
    opened_ns: int = 0
    ms0: int = 0  # the part's time at stamp ticks0
    ticks0: int = 0
    last_ms: int = -1
    last_arrival_ns: int = 0
    keyframe_ns: int = 0
    asked_ns: int = NEVER_NS
    reported_ns: int = NEVER_NS
    damaged_ms: int | None = None
    held: bool = False  # not recorded for want of space
    paused: bool = False  # its part is closed, since recording is paused
    late: int = 0  # of the taps before `tap`
    ended_ns: int | None = None  # when the track ended; it or its successor may come back
    dropped: int = 0
    unordered: int = 0
    lost: int = 0

    @property
    def is_video(self) -> bool:
        """Whether it is pictures."""
        return self.description.codec != "opus"

    def part_ms(self, ticks: int) -> int:
        """Return the part's time at a stamp."""
        return self.ms0 + (ticks - self.ticks0) * 1000 // self.description.clock_rate

    def restamp(self, restamp: Restamp) -> None:
        """Let the part's time go on from the last frame by the time that passed, whatever the stamps say."""
        passed_ms = max(1, (restamp.arrival_ns - self.last_arrival_ns) // 1_000_000)
        self.ms0, self.ticks0 = self.last_ms + passed_ms, restamp.ticks

    def begin_part(self, number: int, frame: Frame) -> OpenPart:
        """Begin a part at a keyframe."""
        description, unit = self.description, frame.unit
        self.part = number
        self.opened_ns, self.last_ms, self.damaged_ms = frame.arrival_ns, -1, None
        self.ms0, self.ticks0 = 0, unit.ticks
        self.ended_ns = None
        self.lost = self.dropped = self.unordered = self.late = 0
        file = part_file(description, number)
        return OpenPart(number, file, description.codec, unit.width, unit.height, unit.config)

    def opening_fields(self, opening: OpenPart) -> Fields:
        """Return what the journal says of a part that has just begun, as far as the track tells."""
        description = self.description
        return {
            "part": opening.part, "file": opening.file, "peer": description.peer,
            "source": description.source, "codec": description.codec, "layer": description.layer,
            "ssrc": description.ssrc, "clock_rate": description.clock_rate, "rtp": self.ticks0,
            "width": opening.width, "height": opening.height,
        }  # fmt: skip

    def counts(self) -> dict[str, int]:
        """Return what is said of a part when it ends."""
        late = self.late + self.tap.late
        return {"lost": self.lost, "unordered": self.unordered, "dropped": self.dropped, "late": late}

    def renew_tap(self) -> None:
        """Listen anew: what came before has nothing to do with what comes."""
        self.tap = TrackTap(self.description.codec, self.description.clock_rate)
