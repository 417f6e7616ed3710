"""The recorder, seen from the web process: what is recorded, and what was said about it until the recorder has it.

The lesson's events of every running recording are kept here until the lesson's recording is stopped and finalised:
a recorder that died is told everything after the last event that its journal holds.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from pathlib import Path
from typing import Protocol

import msgspec
from msgspec.structs import replace
from prometheus_client import Counter, Gauge

from media.control import FrameReader
from recorder import control
from recorder.settings import FinaliseSettings, encode_settings
from server.processes.supervisor import Child

log = logging.getLogger(__name__)

START_S = 30.0  # it may look through many folders first
MAX_UNSENT_BYTES = 16 << 20  # a recorder that reads nothing for so long hangs and is replaced
MAX_EVENTS = 20_000  # of one lesson, kept for a restart; about 6 MB. Past it the oldest are no longer repeated
_READ_BYTES = 1 << 16

_ready_gauge = Gauge("tongtang_recorder_ready", "Whether the recorder serves")
_forgotten = Counter("tongtang_recorder_events_forgotten_total", "Events that a restarted recorder will not be told")


class RecorderListener(Protocol):
    """Who hears of recordings. Called in the event loop; must not block."""

    def on_recorder_message(
        self, message: control.RecordingOpened | control.RecordingChanged | control.RecordingStalled | control.DiskLow
    ) -> None:
        """Take in news of a recording."""

    def on_recorder_lost(self) -> None:
        """Take in that the recorder died: nothing is recorded until it is ready again."""


class _Recording:
    def __init__(self, start: control.StartRecording) -> None:
        self.start = start
        self.events: deque[control.RecordEvent] = deque(maxlen=MAX_EVENTS)
        self.names: dict[str, control.NamePeer] = {}
        self.is_open = False  # by the recorder that lives now
        self.is_stopped = False  # the lesson is over
        self.is_closed = False  # the recorder said so: what is left is finalising
        self.is_refused = False  # there was no room; the recorder begins when there is


class RecorderLink:
    """The recorder process and all recordings that are not finished.

    Args:
        tap_path: where the recorder listens for the taps of media workers.
        settings: how it finalises.
    """

    def __init__(self, tap_path: Path, settings: FinaliseSettings | None = None) -> None:
        self.tap_path = str(tap_path)
        told = encode_settings(settings or FinaliseSettings())
        self._child = Child("recorder", "recorder.process", ["--tap-path", self.tap_path, "--finalise", told])
        self._recordings: dict[str, _Recording] = {}
        self._finalise: dict[str, control.Finalise] = {}
        self._writer: asyncio.StreamWriter | None = None
        self._listener: RecorderListener | None = None

    @property
    def is_ready(self) -> bool:
        """Whether the recorder serves."""
        return self._writer is not None

    @property
    def pid(self) -> int | None:
        """The process id of the recorder, while it runs."""
        return self._child.pid

    def listen(self, listener: RecorderListener) -> None:
        """Send news to `listener` from now on."""
        self._listener = listener

    async def run(self) -> None:
        """Keep the recorder alive until cancelled; it has ended when this returns."""
        await self._child.keep(self._serve)

    def start(self, start: control.StartRecording) -> None:
        """Begin a recording, or continue it; a running one is left alone."""
        if start.recording in self._recordings:
            return
        self._recordings[start.recording] = _Recording(start)
        self._send(start)

    def event(self, recording: str, seq: int, mono_ns: int, body: bytes) -> None:
        """Journal an event of the lesson; events come in order of `seq`."""
        one = self._recordings.get(recording)
        if one is None:
            return
        if len(one.events) == MAX_EVENTS:
            _forgotten.inc()
        item = control.RecordEvent(recording, seq, mono_ns, body)
        one.events.append(item)
        if one.is_open:
            self._send(item)

    def name(self, name: control.NamePeer) -> None:
        """Say who a peer is."""
        one = self._recordings.get(name.recording)
        if one is None or one.names.get(name.peer) == name:
            return
        one.names[name.peer] = name
        if one.is_open:
            self._send(name)

    def pause(self, recording: str, since_ns: int | None) -> None:
        """Record no media that arrives from `since_ns` (CLOCK_MONOTONIC) on, or (None) go on."""
        one = self._recordings.get(recording)
        if one is None or one.start.paused_ns == since_ns:
            return
        one.start = replace(one.start, paused_ns=since_ns)  # a recorder that is started again is told so first
        self._send(control.PauseRecording(recording, since_ns))

    def stop(self, recording: str) -> None:
        """End a recording: its parts are closed and it is finalised."""
        one = self._recordings.get(recording)
        if one is None or one.is_stopped:
            return
        one.is_stopped = True
        if one.is_open or one.is_refused:
            self._send(control.StopRecording(recording))
        if one.is_refused:
            del self._recordings[recording]

    def finalise(self, recording: str, folder: str, title: str, *, night: bool = False) -> None:
        """Finalise a recording that is not live, or do for a ready one what was left for the night."""
        command = control.Finalise(recording, folder, title, night)
        self._finalise[recording] = command
        self._send(command)

    # --- the recorder's side

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        frames = FrameReader()
        try:
            async with asyncio.timeout(START_S) as patience:
                while data := await reader.read(_READ_BYTES):
                    for body in frames.feed(data):
                        self._take(control.decode_message(body), writer)
                    patience.reschedule(None)  # between lessons it has nothing to say
        except ConnectionError:
            pass
        finally:
            self._on_end()

    def _take(self, message: control.Message, writer: asyncio.StreamWriter) -> None:
        if isinstance(message, control.RecorderReady):
            self._on_ready(writer)
            return
        if isinstance(message, control.RecordingOpened):
            self._on_opened(message)
        elif isinstance(message, control.RecordingChanged):
            self._on_changed(message)
        if self._listener is not None:
            self._listener.on_recorder_message(message)

    def _on_ready(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        _ready_gauge.set(1)
        for one in self._recordings.values():
            if one.is_closed:
                self._send(control.Finalise(one.start.recording, one.start.folder, one.start.title))
            else:
                self._send(one.start)
        for command in self._finalise.values():
            self._send(command)

    def _on_opened(self, opened: control.RecordingOpened) -> None:
        one = self._recordings.get(opened.recording)
        if one is None:
            return
        one.is_open = True
        for name in one.names.values():
            self._send(name)
        for event in one.events:
            if event.seq > opened.last_seq:
                self._send(event)
        if one.is_stopped:
            self._send(control.StopRecording(opened.recording))

    def _on_changed(self, change: control.RecordingChanged) -> None:
        one = self._recordings.get(change.recording)
        if one is not None:
            one.is_closed = one.is_stopped and change.state != "recording"
            one.is_refused = not one.is_stopped and change.state == "failed"
        if change.state in ("ready", "failed"):
            self._finalise.pop(change.recording, None)
            if one is not None and one.is_stopped:
                del self._recordings[change.recording]

    def _on_end(self) -> None:
        self._writer = None
        _ready_gauge.set(0)
        for one in self._recordings.values():
            one.is_open = False
        if self._listener is not None:
            self._listener.on_recorder_lost()

    def _send(self, command: control.Command) -> None:
        """Write `command`, if there is a recorder: what it misses is repeated to its successor."""
        writer = self._writer
        if writer is None:
            return
        if writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            log.error("the recorder reads nothing and is given up")
            writer.transport.abort()
            return
        writer.write(_frame(command))


def _frame(command: control.Command) -> bytes:
    body = msgspec.msgpack.encode(command)
    return len(body).to_bytes(4, "big") + body
