"""The media workers, seen from the web process: requests with answers, commands without, and reports.

A room lives on one worker. The truth about rooms is here: after a crash the next worker is told its rooms and taps
again, and the listener is told which rooms lost their media.
"""

from __future__ import annotations

import asyncio
import itertools
import logging
from collections.abc import Callable, Sequence
from typing import Protocol, TypeVar

import msgspec
from prometheus_client import Counter, Gauge

from media import control
from server.processes.supervisor import Child
from signaling.errors import Refused, Unavailable

log = logging.getLogger(__name__)

START_S = 20.0  # a slow box loads the worker's libraries in about 5 s
SILENCE_S = 8.0  # a worker reports every 2 s; one that misses four reports hangs and is replaced
REQUEST_S = 5.0  # a request is some milliseconds of work
MAX_UNSENT_BYTES = 8 << 20  # a worker that reads nothing for so long hangs
_READ_BYTES = 1 << 16
MAX_KNOWN_PEERS = 4096

_reply_failures = Counter("tongtang_media_requests_failed_total", "Failed requests to media workers", ["code"])
_workers_ready = Gauge("tongtang_media_workers_ready", "Media workers that serve")
_packets_out = Gauge("tongtang_media_packets_out", "Packets sent since the worker's start", ["worker"])
_loop_lag = Gauge("tongtang_media_loop_lag_ms", "Delay of the worker's event loop", ["worker"])

MediaCommand = (
    control.ClosePeer
    | control.SetSource
    | control.SetMute
    | control.FillSlot
    | control.LimitSlot
    | control.LimitPeer
    | control.WantBesides
)
Report = (
    control.TransportChanged | control.TrackChanged | control.PeerReport | control.EncodingsWanted | control.VoiceHeard
)
_Reply = TypeVar("_Reply", control.Sdp, control.Done)


class MediaListener(Protocol):
    """Who hears of the media plane. Called in the event loop; must not block."""

    def on_media_report(self, report: Report) -> None:
        """Take in a report of a worker."""

    def on_media_reset(self, room: str) -> None:
        """Take in that a worker died: `room` is open again on its successor, without peers."""


class Subscription(msgspec.Struct, frozen=True):
    """The server's offer of a receiving connection."""

    sdp: str
    mids: tuple[control.SlotMid, ...]


class _Worker:
    """One worker process and what it was told."""

    def __init__(self, index: int, port: int, bind: str, addresses: Sequence[str], listener: MediaWorkers) -> None:
        arguments = ["--port", str(port), "--bind", bind]
        for address in addresses:
            arguments += ["--address", address]
        self.index = index
        self.child = Child(f"media worker {index}", "media.transport.worker", arguments)
        self.rooms: dict[str, str] = {}  # room → tap path
        self.waiting: dict[int, asyncio.Future[control.Sdp | control.Done | control.Failed]] = {}
        self.writer: asyncio.StreamWriter | None = None
        self._starts = 0
        self._owner = listener

    def send(self, command: control.Command) -> bool:
        """Write `command`; return False when there is no worker to hear it."""
        writer = self.writer
        if writer is None:
            return False
        if writer.transport.get_write_buffer_size() > MAX_UNSENT_BYTES:
            log.error("%s reads nothing and is given up", self.child.name)
            writer.transport.abort()
            return False
        writer.write(control.frame(command))
        return True

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Talk to one life of the worker, until its end."""
        frames = control.FrameReader()
        try:
            patience_s = START_S
            while True:
                async with asyncio.timeout(patience_s):
                    data = await reader.read(_READ_BYTES)
                if not data:
                    return
                patience_s = SILENCE_S
                for body in frames.feed(data):
                    self._take(control.decode_message(body), writer)
        except ConnectionError:
            return
        finally:
            self._on_end()

    def _take(self, message: control.Message, writer: asyncio.StreamWriter) -> None:
        match message:
            case control.WorkerReady():
                self._on_ready(writer)
            case control.Sdp(request=request) | control.Done(request=request) | control.Failed(request=request):
                future = self.waiting.pop(request, None)
                if future is not None and not future.done():
                    future.set_result(message)
            case control.WorkerReport(packets_out=packets_out, loop_lag_ms=loop_lag_ms):
                _packets_out.labels(str(self.index)).set(packets_out)
                _loop_lag.labels(str(self.index)).set(loop_lag_ms)
            case _:
                self._owner.report(message)

    def _on_ready(self, writer: asyncio.StreamWriter) -> None:
        self.writer = writer
        self._starts += 1
        for room, tap in self.rooms.items():
            self.send(control.OpenRoom(room))
            if tap:
                self.send(control.SetTap(room, tap))
        self._owner.on_ready(self, is_first=self._starts == 1)

    def _on_end(self) -> None:
        self.writer = None
        waiting, self.waiting = self.waiting, {}
        for request, future in waiting.items():
            if not future.done():
                future.set_result(control.Failed(request, "media_unavailable", _UNAVAILABLE))
        self._owner.on_end()


_UNAVAILABLE = "音视频服务正在重新启动，请稍候。"


class MediaWorkers:
    """All media workers of this machine.

    Args:
        workers: how many processes; worker n listens on UDP `port` + n.
        port: the first UDP port.
        bind: the address to listen on.
        addresses: the addresses that clients are told.
    """

    def __init__(self, workers: int, port: int, bind: str, addresses: Sequence[str]) -> None:
        self._workers = [_Worker(index, port + index, bind, addresses, self) for index in range(workers)]
        self._home: dict[str, _Worker] = {}
        self._numbers = itertools.count(1)
        self._listener: MediaListener | None = None
        self._all_ready = asyncio.Event()
        # What each peer's link was last thought to carry. Kept here because it must outlive a worker: after a crash
        # all pictures are wanted at once, and a new estimate takes seconds to allow them.
        self._estimates: dict[tuple[str, str], int] = {}

    @property
    def is_ready(self) -> bool:
        """Whether every worker serves."""
        return self._all_ready.is_set()

    @property
    def pids(self) -> tuple[int, ...]:
        """The process ids of the workers that run."""
        return tuple(worker.child.pid for worker in self._workers if worker.child.pid is not None)

    def listen(self, listener: MediaListener) -> None:
        """Send reports to `listener` from now on."""
        self._listener = listener

    async def run(self) -> None:
        """Keep the workers alive until cancelled; they have ended when this returns."""
        async with asyncio.TaskGroup() as tasks:
            for worker in self._workers:
                tasks.create_task(worker.child.keep(worker.serve))

    async def wait_ready(self) -> None:
        """Return when every worker serves."""
        await self._all_ready.wait()

    def open_room(self, room: str) -> None:
        """Place `room` on the worker with the fewest rooms; an open one stays where it is."""
        if room in self._home:
            return
        worker = min(self._workers, key=lambda one: len(one.rooms))
        worker.rooms[room] = ""
        self._home[room] = worker
        worker.send(control.OpenRoom(room))

    def close_room(self, room: str) -> None:
        """Forget `room`."""
        worker = self._home.pop(room, None)
        if worker is not None:
            del worker.rooms[room]
            worker.send(control.CloseRoom(room))
            for key in [one for one in self._estimates if one[0] == room]:
                del self._estimates[key]

    def set_tap(self, room: str, path: str) -> None:
        """Send what is published in `room` to the recorder at `path`; empty: stop."""
        worker = self._home.get(room)
        if worker is not None:
            worker.rooms[room] = path
            worker.send(control.SetTap(room, path))

    def tell(self, command: MediaCommand) -> None:
        """Send a command that has no answer. Without a worker it is dropped: its successor starts without peers."""
        worker = self._home.get(command.room)
        if worker is not None:
            worker.send(command)

    async def publish(self, room: str, peer: str, offer: str, sources: tuple[control.SourceLine, ...]) -> str:
        """Return the answer to a sending client's offer.

        Raises:
            Refused: a code of the worker (`sdp_malformed`, `codec_unsupported`, …).
            Unavailable: `media_unavailable` or `media_timeout`; so for all requests.
        """
        reply = await self._ask(control.Sdp, room, lambda number: control.Publish(number, room, peer, offer, sources))
        return reply.sdp

    async def subscribe(self, room: str, peer: str, slots: tuple[control.SlotSpec, ...]) -> Subscription:
        """Return the offer of a new receiving connection."""
        known_bps = self._estimates.get((room, peer), 0)
        reply = await self._ask(
            control.Sdp, room, lambda number: control.Subscribe(number, room, peer, slots, known_bps)
        )
        return Subscription(reply.sdp, reply.mids)

    async def restart_subscribe(self, room: str, peer: str) -> Subscription:
        """Return the offer of the present receiving connection with new ICE credentials."""
        reply = await self._ask(control.Sdp, room, lambda number: control.RestartSubscribe(number, room, peer))
        return Subscription(reply.sdp, reply.mids)

    async def accept_subscribe(self, room: str, peer: str, answer: str) -> None:
        """Give the client's answer to the offer."""
        await self._ask(control.Done, room, lambda number: control.AcceptSubscribe(number, room, peer, answer))

    async def subscribe_with_offer(self, room: str, peer: str, offer: str) -> Subscription:
        """Return the answer to a receiving client's own offer (WHEP)."""
        reply = await self._ask(control.Sdp, room, lambda number: control.SubscribeWithOffer(number, room, peer, offer))
        return Subscription(reply.sdp, reply.mids)

    async def _ask(self, kind: type[_Reply], room: str, build: Callable[[int], control.Command]) -> _Reply:
        worker, number = self._home.get(room), next(self._numbers)
        if worker is None or not worker.send(build(number)):
            raise Unavailable("media_unavailable", _UNAVAILABLE)
        future: asyncio.Future[control.Sdp | control.Done | control.Failed] = asyncio.Future()
        worker.waiting[number] = future
        try:
            async with asyncio.timeout(REQUEST_S):
                reply = await future
        except TimeoutError:
            _reply_failures.labels("media_timeout").inc()
            raise Unavailable("media_timeout", "音视频服务没有及时回应，请稍候再试。") from None
        finally:
            worker.waiting.pop(number, None)
        if isinstance(reply, control.Failed):
            _reply_failures.labels(reply.code).inc()
            error = Unavailable if reply.code == "media_unavailable" else Refused
            raise error(reply.code, reply.detail)
        if not isinstance(reply, kind):
            raise AssertionError(f"a {type(reply).__name__} instead of a {kind.__name__}")
        return reply

    # --- from the workers

    def report(self, message: Report) -> None:
        """Pass a report on."""
        if isinstance(message, control.PeerReport) and message.estimate_bps:
            if len(self._estimates) >= MAX_KNOWN_PEERS:
                del self._estimates[next(iter(self._estimates))]
            self._estimates[message.room, message.peer] = message.estimate_bps
        if self._listener is not None:
            self._listener.on_media_report(message)

    def on_ready(self, worker: _Worker, *, is_first: bool) -> None:
        """Take in that a worker serves; after a death its rooms have lost their media."""
        self._count_ready()
        if is_first or self._listener is None:
            return
        for room in tuple(worker.rooms):
            self._listener.on_media_reset(room)

    def on_end(self) -> None:
        """Take in that a worker is gone."""
        self._count_ready()

    def _count_ready(self) -> None:
        ready = sum(worker.writer is not None for worker in self._workers)
        _workers_ready.set(ready)
        (self._all_ready.set if ready == len(self._workers) else self._all_ready.clear)()
