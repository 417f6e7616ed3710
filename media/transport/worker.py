"""A media worker: one process, one thread, one UDP port.

`python -m media.transport.worker --control-fd N --port P --bind ADDR --address A [--address B …]`

It is started by `server/processes/media.py`, which holds the other end of the control socket: when that end closes,
the worker ends. Exit codes: 0 the web process closed the socket; 2 wrong arguments; 3 the port is taken or may
not be bound.
"""

from __future__ import annotations

import argparse
import asyncio
import datetime
import gc
import logging
import os
import random
import resource
import sys
import time

from media.control import Command, PeerReport, WorkerReady, WorkerReport
from media.forwarder import Forwarder
from media.transport.commands import Commands
from media.transport.control import ControlStream
from media.transport.dtls import Certificate
from media.transport.link import Link
from media.transport.port import MediaPort
from media.transport.srtp import self_test
from media.transport.tap_client import TapClient
from media.transport.udp import UdpSocket

EXIT_PORT_TAKEN = 3
TICK_S = 0.02  # while nothing comes; else the port sees to it
TAP_INTERVAL_S = 0.05
REPORT_INTERVAL_S = 2.0
# Set for a comparison (bench/weaklink.py --baseline): receivers get the best layer whatever their link carries.
FIXED_RATE = "MEDIA_FIXED_RATE"
LAG_WARNING_S = 0.05  # a lag that a remote bandwidth estimator begins to take for a queue is 10 ms; this is logged

log = logging.getLogger("media.worker")


class Worker:
    """The parts of the process and its two loops: commands and ticks."""

    def __init__(self, control: ControlStream, port: MediaPort, forwarder: Forwarder, addresses: list[str]) -> None:
        self._control = control
        self._port = port
        self._forwarder = forwarder
        self._commands = Commands(port, forwarder, addresses, adapts=not os.environ.get(FIXED_RATE))
        self._taps: list[TapClient] = []
        self._lag_s = 0.0
        self._tap_at = 0.0
        self._report_at = time.monotonic() + REPORT_INTERVAL_S
        port.on_message = control.send

    async def run(self) -> None:
        """Serve until the control socket ends."""
        loop = asyncio.get_running_loop()
        loop.add_reader(self._port.udp.fileno(), self._port.on_readable)
        self._control.send(WorkerReady(os.getpid(), self._port.udp.port))
        try:
            async with asyncio.TaskGroup() as group:
                ticks = group.create_task(self._tick())
                await self._obey()
                ticks.cancel()
        finally:
            loop.remove_reader(self._port.udp.fileno())
            for client in self._taps:
                client.pump(time.monotonic())
                client.close()

    async def _obey(self) -> None:
        while True:
            commands = await self._control.receive()
            if commands is None:
                return
            for command in commands:
                self._carry_out(command)

    def _carry_out(self, command: Command) -> None:
        now = time.monotonic()
        answer = self._commands.carry_out(command, now)
        if answer is not None:
            self._control.send(answer)
        for feed in self._commands.new_taps:
            room = feed.room

            def wanted(number: int, name: str = room) -> None:
                here = self._forwarder.rooms.get(name)
                if here is not None:
                    self._forwarder.want_keyframe(here, number, time.monotonic())

            self._taps.append(TapClient(feed, wanted))
        self._commands.new_taps.clear()
        for message in self._forwarder.poll_news():
            self._control.send(message)

    async def _tick(self) -> None:
        due = time.monotonic()
        while True:
            due = max(due + TICK_S, time.monotonic())
            await asyncio.sleep(due - time.monotonic())
            now = time.monotonic()
            self._lag_s = max(self._lag_s, now - due)
            self._port.on_idle(now)
            if now >= self._tap_at:
                self._tap_at = now + TAP_INTERVAL_S
                self._pump_taps(now)
            if now >= self._report_at:
                self._report(now)

    def _pump_taps(self, now: float) -> None:
        for client in self._taps:
            client.pump(now)
            if client.is_done:
                client.close()
        self._taps = [client for client in self._taps if not client.is_done]

    def _report(self, now: float) -> None:
        elapsed = now - self._report_at + REPORT_INTERVAL_S
        self._report_at = now + REPORT_INTERVAL_S
        if self._lag_s > LAG_WARNING_S:
            log.info("the loop was late by %.0f ms", self._lag_s * 1000)
        usage = resource.getrusage(resource.RUSAGE_SELF)
        links = self._port.links.values()
        self._control.send(
            WorkerReport(
                peers=len({(link.room.name, link.peer) for link in links}),
                packets_in=self._forwarder.packets_in,
                packets_out=self._port.packets_out,
                dropped=self._port.udp.dropped,
                loop_lag_ms=round(self._lag_s * 1000, 2),
                cpu_s=round(usage.ru_utime + usage.ru_stime, 3),
                rss_bytes=_rss_bytes(),
            )
        )
        self._lag_s = 0.0
        peers: dict[tuple[str, str], dict[str, Link]] = {}
        for link in links:
            if link.srtp is not None:
                peers.setdefault((link.room.name, link.peer), {})[link.side] = link
        for (room, peer), sides in peers.items():
            self._control.send(_peer_report(room, peer, sides, now, elapsed))


def _peer_report(room: str, peer: str, sides: dict[str, Link], now: float, elapsed: float) -> PeerReport:
    up, down = sides.get("publish"), sides.get("subscribe")
    publisher = up.publisher if up is not None else None
    subscriber = down.subscriber if down is not None else None
    uplink_bps = sent_bps = 0
    if up is not None and publisher is not None:
        uplink_bps = int((publisher.bytes_in - up.window_bytes) * 8 / elapsed)
        up.window_bytes = publisher.bytes_in
    if down is not None and subscriber is not None:
        sent_bps = int((subscriber.sent_bytes - down.window_bytes) * 8 / elapsed)
        down.window_bytes = subscriber.sent_bytes
    return PeerReport(
        room=room,
        peer=peer,
        rtt_ms=int(subscriber.link.rtt_s * 1000) if subscriber is not None else 0,
        loss_pct=round(subscriber.link.loss * 100, 2) if subscriber is not None else 0.0,
        estimate_bps=subscriber.link.estimate_bps(now) if subscriber is not None else 0,
        sent_bps=sent_bps,
        uplink_loss_pct=round(publisher.fraction_lost() * 100, 2) if publisher is not None else 0.0,
        uplink_bps=uplink_bps,
        slots=subscriber.slot_reports(elapsed) if subscriber is not None else (),
        sent_bytes=subscriber.sent_bytes if subscriber is not None else 0,
        state=subscriber.link.state.value if subscriber is not None else "normal",
    )


def _rss_bytes() -> int:
    try:
        with open("/proc/self/statm", "rb") as file:  # noqa: PTH123 - once in 2 s, no object needed
            return int(file.read().split()[1]) * resource.getpagesize()
    except OSError:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


async def _serve(udp: UdpSocket, control: ControlStream, certificate: Certificate, addresses: list[str]) -> None:
    forwarder = Forwarder(random.SystemRandom())
    port = MediaPort(udp, forwarder, certificate, asyncio.get_running_loop().call_later)
    await Worker(control, port, forwarder, addresses).run()


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="media-worker", description="同堂媒体进程：由 tongtang serve 启动")
    parser.add_argument("--control-fd", type=int, required=True)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--bind", default="0.0.0.0")
    parser.add_argument("--address", action="append", required=True, help="告诉客户端的地址，可重复")
    return parser.parse_args()


def main() -> int:
    """Run the worker; return its exit code."""
    arguments = _arguments()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    self_test()
    control = ControlStream(arguments.control_fd)
    try:
        udp = UdpSocket(arguments.bind, arguments.port)
    except (OSError, OverflowError) as error:
        print(
            f"媒体端口 UDP {arguments.bind}:{arguments.port} 无法使用（{error}），媒体进程没有启动；"
            "请关闭占用它的程序，或换一个端口",
            file=sys.stderr,
        )
        return EXIT_PORT_TAKEN
    certificate = Certificate(datetime.datetime.now(datetime.UTC))
    # A pause of the collector looks like network jitter to every remote estimator. What exists now stays; what comes
    # later is freed by reference counts, and the collector looks for cycles rarely.
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 100)
    try:
        asyncio.run(_serve(udp, control, certificate, arguments.address))
    finally:
        udp.close()
        control.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
