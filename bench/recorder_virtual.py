"""A recorder in virtual time: the real session and folder, fed as fast as they take it; then a real finaliser.

What is measured is the recorder's own CPU, without that of whoever makes the packets.
"""

from __future__ import annotations

import resource
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType
from typing import NamedTuple

import msgspec

from media.tap import Opened, Packet, Report, TapItem, TapReader, TapTrack
from recorder.finalise import Progress
from recorder.folder import Folder, Moment
from recorder.session import PeerName, Session

WRITE_NS = 200_000_000  # as recorder.process hands over
SYNC_NS = 1_000_000_000
FINALISE_TIMEOUT_S = 3600.0
START_NS = 1_000_000_000_000
START = {"recording": "bench", "room": "room", "title": "光的折射", "lead_role": "lecturer"}


class VirtualRecorder:
    """A recording whose clock stands where the last packet was."""

    def __init__(self, folder: Path) -> None:
        self.cpu_s = 0.0
        self._folder = Folder(folder, Moment(START_NS, 1_790_000_000_000, "bench"), START)
        self.session = Session("bench", "room", self._folder.origin_ns, self._folder.next_part)
        self._reader = TapReader()
        self._now_ns = START_NS
        self._written_ns = self._synced_ns = START_NS

    def __enter__(self) -> VirtualRecorder:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        """End the lesson."""
        self.session.stop(self._now_ns)
        t_ms = self.session.t_ms(self._now_ns)
        self._folder.apply(self.session.poll_ops(), t_ms)
        self._folder.close(t_ms)

    def name(self, peer: str, role: str) -> None:
        """Say who a peer is."""
        self.session.on_peer(peer, PeerName(role, peer, "实验小学"), self._now_ns)

    def event(self, seq: int, at_s: float, **body: object) -> None:
        """Journal an event of the lesson."""
        self.session.on_event(seq, START_NS + round(at_s * 1e9), msgspec.json.encode(body))

    def open(self, track: tuple[int, int], description: TapTrack) -> None:
        """Begin a track."""
        self.session.on_opened(track, description, self._now_ns)

    def packet(self, track: tuple[int, int], packet: bytes, arrival_ns: int) -> None:
        """Take a packet."""
        self.session.on_packet(track, packet, arrival_ns)
        self._pass_to(arrival_ns)

    def feed(self, data: bytes) -> None:
        """Take what a tap carries, and measure what that costs."""
        begin = time.process_time()
        for item in self._reader.feed(data):
            self._take(item)
        self.cpu_s += time.process_time() - begin

    def _take(self, item: TapItem) -> None:
        track = (1, item.track)
        if isinstance(item, Packet):
            self.packet(track, item.data, item.arrival_ns)
        elif isinstance(item, Opened):
            self.open(track, item.description)
        elif isinstance(item, Report):
            self.session.on_report(track, item.ntp, item.rtp_timestamp, item.arrival_ns)

    def _pass_to(self, now_ns: int) -> None:
        self._now_ns = max(self._now_ns, now_ns)
        if self._now_ns - self._written_ns < WRITE_NS:
            return
        self._written_ns = self._now_ns
        self.session.on_timeout(self._now_ns)
        t_ms = self.session.t_ms(self._now_ns)
        self._folder.apply(self.session.poll_ops(), t_ms)
        if self._now_ns - self._synced_ns >= SYNC_NS:
            self._synced_ns = self._now_ns
            self._folder.sync(t_ms)


class Finalised(NamedTuple):
    """What a finaliser cost."""

    wall_s: float
    cpu_s: float
    duration_ms: int


def finalise(folder: Path) -> Finalised:
    """Run the real finaliser process on `folder`.

    Raises:
        RuntimeError: it failed; in its words.
    """
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    begin = time.monotonic()
    command = [sys.executable, "-m", "recorder.finalise", str(folder), "--title", "光的折射"]
    done = subprocess.run(command, capture_output=True, timeout=FINALISE_TIMEOUT_S, check=False)
    wall_s = time.monotonic() - begin
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    lines = [msgspec.json.decode(line, type=Progress) for line in done.stdout.splitlines()]
    last = lines[-1] if lines else Progress(failed=done.stderr.decode(errors="replace"))
    if last.ready is None:
        raise RuntimeError(last.failed)
    cpu_s = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Finalised(wall_s, cpu_s, last.ready.duration_ms)
