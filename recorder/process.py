"""The recorder process: `python -m recorder.process --control-fd N --tap-path PATH`.

Takes commands of `recorder.control` on the inherited socket, listens for taps of media workers at PATH, and ends when
the control socket does: parts are closed, lessons are not ended by that. Nothing here waits for a disk: folders are
written by a thread each, jobs run in processes of their own.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import logging
import os
import shutil
import signal
import socket
import sys
import time
from pathlib import Path

import msgspec
from msgspec.structs import replace

from media.control import FrameReader
from media.tap import Closed, Dropped, Opened, Packet, Report, TapItem, TapReader, TapTrack, keyframe_frame
from recorder.control import (
    Command,
    DiskLow,
    Finalise,
    Message,
    NamePeer,
    PauseRecording,
    RecorderReady,
    RecordEvent,
    RecordingChanged,
    RecordingOpened,
    RecordingStalled,
    StartRecording,
    StopRecording,
    decode_command,
)
from recorder.folder import FolderBusy
from recorder.jobs import Job, Jobs
from recorder.live import Live
from recorder.session import PeerName
from recorder.settings import FinaliseSettings, decode_settings
from recorder.space import DISK_FULL, HYSTERESIS, START_FLOOR_BYTES, Tier, choose_tier

TICK_S = 0.2  # how long frames wait to be written together
TAP_PAUSE_S = 0.2  # between reads of a tap that is not busy: a wake-up costs as much as 30 packets (bench.recorder)
TAP_READ_BYTES = 1 << 18
BUSY_READ_BYTES = 1 << 16  # a read of at least this is followed by the next without a pause
SPACE_INTERVAL_S = 5.0
OUTBOX = 1000  # messages; a parent that lags so far behind has died: the oldest are dropped
_log = logging.getLogger("recorder")


class _Tap:
    """A connection of a media worker."""

    def __init__(self, number: int, connection: socket.socket) -> None:
        self.number = number
        self.connection = connection
        self.tracks: dict[int, TapTrack] = {}
        self.lives: dict[int, Live] = {}


class Recorder:
    """The process."""

    def __init__(
        self, control: socket.socket, tap_path: Path, floor_bytes: int, settings: FinaliseSettings | None = None
    ) -> None:
        self._control = control
        self._tap_path = tap_path
        self._floor_bytes = floor_bytes
        self._lives: dict[str, Live] = {}
        self._refused: dict[str, StartRecording] = {}  # for want of space, until there is or the lesson is over
        self._taps: dict[int, _Tap] = {}
        self._outbox: asyncio.Queue[Message] = asyncio.Queue(OUTBOX)
        self._jobs = Jobs(self._tell, settings)
        self._tier = Tier.ALL
        self._next_tap = 1

    async def run(self) -> None:
        """Record until the control socket ends."""
        listener = self._listen()
        try:
            with listener:
                async with asyncio.TaskGroup() as group:
                    group.create_task(self._accept(listener, group))
                    group.create_task(self._tick())
                    group.create_task(self._watch_space())
                    group.create_task(self._send())
                    group.create_task(self._jobs.run())
                    self._tell(RecorderReady(os.getpid(), str(self._tap_path)))
                    await self._read_control()
                    await self._suspend()
                    raise _Ended
        except* _Ended:
            pass

    def _listen(self) -> socket.socket:
        self._tap_path.unlink(missing_ok=True)
        listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        listener.setblocking(False)
        listener.bind(str(self._tap_path))
        self._tap_path.chmod(0o600)
        listener.listen(16)
        return listener

    def _tell(self, message: Message) -> None:
        if self._outbox.full():
            self._outbox.get_nowait()
        self._outbox.put_nowait(message)

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        encode = msgspec.msgpack.Encoder().encode
        while True:
            body = encode(await self._outbox.get())
            try:
                await loop.sock_sendall(self._control, len(body).to_bytes(4, "big") + body)
            except ConnectionError:
                return  # the reader sees it too, and ends the process

    # --- control --------------------------------------------------------------------------------------------------

    async def _read_control(self) -> None:
        loop = asyncio.get_running_loop()
        reader = FrameReader()
        while True:
            try:
                data = await loop.sock_recv(self._control, 1 << 16)
            except ConnectionError:
                return
            if not data:
                return
            for body in reader.feed(data):
                await self._on_command(decode_command(body))

    async def _on_command(self, command: Command) -> None:
        if isinstance(command, StartRecording):
            await self._start(command)
        elif isinstance(command, Finalise):
            if command.recording not in self._lives:
                self._jobs.add(Job(command.recording, Path(command.folder), command.title, command.night))
        else:
            if isinstance(command, StopRecording):
                self._refused.pop(command.recording, None)
            elif isinstance(command, PauseRecording) and command.recording in self._refused:
                waiting = self._refused[command.recording]
                self._refused[command.recording] = replace(waiting, paused_ns=command.since_ns)
            live = self._lives.get(command.recording)
            if live is None:
                return  # a recorder that was restarted meanwhile: the web process starts the recording again
            if isinstance(command, RecordEvent):
                self._on_event(live, command)
            elif isinstance(command, NamePeer):
                who = PeerName(command.role, command.name, command.school)
                live.session.on_peer(command.peer, who, time.monotonic_ns())
            elif isinstance(command, PauseRecording):
                live.session.on_pause(command.since_ns, time.monotonic_ns())
            elif isinstance(command, StopRecording):
                await self._stop(command.recording, live)

    def _on_event(self, live: Live, command: RecordEvent) -> None:
        try:
            live.session.on_event(command.seq, command.mono_ns, command.body)
        except msgspec.DecodeError:
            _log.error("event %d of %s is not JSON", command.seq, command.recording)

    async def _start(self, command: StartRecording) -> None:
        live = self._lives.get(command.recording)
        if live is None:
            live = await self._open(command)
            if live is None:
                return
        self._tell(RecordingOpened(command.recording, live.session.last_event_seq))
        self._tell(RecordingChanged(command.recording, "recording"))

    async def _open(self, command: StartRecording) -> Live | None:
        self._jobs.cancel(command.recording)
        path = Path(command.folder)
        try:
            await asyncio.to_thread(path.mkdir, parents=True, exist_ok=True)
            usage = await asyncio.to_thread(shutil.disk_usage, path)
            if usage.free < self._floor_bytes:
                self._refuse(command, usage.free)
                return None
            live = await Live.open(path, command.recording, command.room, command.title, command.lead_role)
        except FolderBusy:
            detail = "另一个进程正在录到同一个文件夹，这节课没有录制。"
            self._tell(RecordingChanged(command.recording, "failed", detail=detail))
            return None
        except OSError as error:
            if error.errno in DISK_FULL:
                self._refuse(command, 0)
                return None
            detail = f"录制的文件夹写不了（{error.strerror or error}），这节课没有录制。请检查数据文件夹的权限。"
            self._tell(RecordingChanged(command.recording, "failed", detail=detail))
            return None
        self._refused.pop(command.recording, None)
        self._lives[command.recording] = live
        now_ns = time.monotonic_ns()
        live.session.on_pause(command.paused_ns, now_ns)
        live.session.on_tier(self._tier, now_ns)
        for tap in self._taps.values():
            for track, description in tap.tracks.items():
                if description.room == command.room:
                    tap.lives[track] = live
                    live.session.on_opened((tap.number, track), description, now_ns)
        return live

    def _refuse(self, command: StartRecording, free_bytes: int) -> None:
        self._refused[command.recording] = command
        self._tell(DiskLow(free_bytes, command.recording))
        detail = f"磁盘只剩 {free_bytes >> 20} MB，这节课暂时没有录制。请清理磁盘；腾出空间后会自动开始录制。"
        self._tell(RecordingChanged(command.recording, "failed", detail=detail))

    async def _stop(self, recording: str, live: Live) -> None:
        await self._close(recording, live, "session.end")
        self._tell(RecordingChanged(recording, "ended"))
        self._jobs.add(Job(recording, live.path, live.title))

    async def _close(self, recording: str, live: Live, kind: str) -> None:
        del self._lives[recording]
        for tap in self._taps.values():
            tap.lives = {track: other for track, other in tap.lives.items() if other is not live}
        await live.close(kind)

    async def _suspend(self) -> None:
        for recording, live in list(self._lives.items()):
            await self._close(recording, live, "session.suspend")

    # --- taps -----------------------------------------------------------------------------------------------------

    async def _accept(self, listener: socket.socket, group: asyncio.TaskGroup) -> None:
        loop = asyncio.get_running_loop()
        while True:
            connection, _ = await loop.sock_accept(listener)
            tap = _Tap(self._next_tap, connection)
            self._next_tap += 1
            group.create_task(self._serve_tap(tap))

    async def _serve_tap(self, tap: _Tap) -> None:
        loop = asyncio.get_running_loop()
        reader = TapReader()
        tap.connection.setblocking(False)
        self._taps[tap.number] = tap
        try:
            while data := await loop.sock_recv(tap.connection, TAP_READ_BYTES):
                for item in reader.feed(data):
                    self._on_item(tap, item)
                if len(data) < BUSY_READ_BYTES:
                    await asyncio.sleep(TAP_PAUSE_S)
        except ConnectionError:
            pass
        except ValueError as error:
            _log.error("tap %d: %s", tap.number, error)
        finally:
            del self._taps[tap.number]
            tap.connection.close()
            for track, live in tap.lives.items():
                live.session.on_closed((tap.number, track), time.monotonic_ns(), "tap-lost")

    def _on_item(self, tap: _Tap, item: TapItem) -> None:
        live = tap.lives.get(item.track)
        if isinstance(item, Packet):
            if live is not None:
                live.session.on_packet((tap.number, item.track), item.data, item.arrival_ns)
        elif isinstance(item, Report):
            if live is not None:
                live.session.on_report((tap.number, item.track), item.ntp, item.rtp_timestamp, item.arrival_ns)
        elif isinstance(item, Opened):
            self._on_opened(tap, item)
        elif isinstance(item, Closed):
            tap.tracks.pop(item.track, None)
            if live is not None:
                del tap.lives[item.track]
                live.session.on_closed((tap.number, item.track), time.monotonic_ns())
        elif isinstance(item, Dropped) and live is not None:
            live.session.on_dropped((tap.number, item.track), item.packets, time.monotonic_ns())

    def _on_opened(self, tap: _Tap, item: Opened) -> None:
        tap.tracks[item.track] = item.description
        for live in self._lives.values():
            if live.session.room == item.description.room:
                tap.lives[item.track] = live
                live.session.on_opened((tap.number, item.track), item.description, time.monotonic_ns())

    # --- time -----------------------------------------------------------------------------------------------------

    async def _tick(self) -> None:
        while True:
            await asyncio.sleep(TICK_S)
            now_ns = time.monotonic_ns()
            for live in self._lives.values():
                live.tick(now_ns)
                for number, track in live.session.poll_keyframes():
                    self._ask_keyframe(number, track)

    def _ask_keyframe(self, number: int, track: int) -> None:
        tap = self._taps.get(number)
        if tap is not None:
            with contextlib.suppress(OSError):  # a worker that does not read will be asked again
                tap.connection.send(keyframe_frame(track))

    async def _watch_space(self) -> None:
        while True:
            await asyncio.sleep(SPACE_INTERVAL_S)
            for command in list(self._refused.values()):
                if await asyncio.to_thread(_free_bytes, Path(command.folder)) >= self._floor_bytes * HYSTERESIS:
                    await self._start(command)
            for job in self._jobs.starved():
                if await asyncio.to_thread(_free_bytes, job.folder) >= await asyncio.to_thread(self._needed, job):
                    self._jobs.add(job)
            for recording, live in list(self._lives.items()):
                stalled = live.poll_stalled()
                if stalled is not None:
                    self._tell(RecordingStalled(recording, stalled))
                usage = await asyncio.to_thread(shutil.disk_usage, live.path)
                tier = choose_tier(self._tier, usage.free, usage.total)
                if tier != self._tier or live.is_disk_failing:
                    self._tier = tier
                    if tier is not Tier.ALL:
                        self._tell(DiskLow(usage.free))
                live.session.on_tier(tier, time.monotonic_ns())

    def _needed(self, job: Job) -> float:
        """Return how much space must be free for `job`: what is made is no larger than what was recorded."""
        return self._floor_bytes * HYSTERESIS + sum(path.stat().st_size for path in job.folder.glob("tracks/*/*"))


def _free_bytes(path: Path) -> int:
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return 0


class _Ended(Exception):
    """The control socket ended."""


def main() -> int:
    """Run the process."""
    parser = argparse.ArgumentParser(prog="recorder.process")
    parser.add_argument("--control-fd", type=int, required=True)
    parser.add_argument("--tap-path", type=Path, required=True)
    parser.add_argument("--floor-mb", type=int, default=START_FLOOR_BYTES >> 20)
    parser.add_argument("--finalise", type=lambda text: decode_settings(text.encode()), default=FinaliseSettings())
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(levelname)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group: the parent ends recordings first
    control = socket.socket(fileno=options.control_fd)
    control.setblocking(False)
    signal.signal(signal.SIGTERM, lambda *_: control.shutdown(socket.SHUT_RD))
    asyncio.run(Recorder(control, options.tap_path, options.floor_mb << 20, options.finalise).run())
    return 0


if __name__ == "__main__":
    sys.exit(main())
