"""The link itself, as a process of its own: `python -m bench.link_process` between two TUN devices.

Started by `bench.link_namespace`, which hands it the two open devices. Reads one command a line: `start` lets the trace
begin, `udp drop` and `udp pass` are a firewall's, `address A` gives the village another address outside. At the end of
its input it writes one JSON line and ends: the devices go with it. Small on purpose: on a machine of two cores its own
lateness would be measured as the link's.
"""

from __future__ import annotations

import argparse
import contextlib
import gc
import json
import math
import os
import select
import struct
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from random import Random
from typing import Any

from bench.link_nat import Translation, packed
from bench.link_queue import LinkQueue
from bench.link_trace import Direction, LinkState, read_trace

OPEN_BPS = 20e6  # before the trace begins: pages are loaded, screens paired
BATCH = 64  # packets read from a device before the other has its turn
PACKET_BYTES = 65_536
UDP = 17
REAL_TIME_PRIORITY = 5


class PacketLog:
    """The head of each RTP packet that enters the link: what SRTP leaves readable."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("w")
        self._file.write("time direction payload_type marker seq timestamp ssrc bytes\n")

    def note(self, packet: bytes, direction: str, now: float) -> None:
        """Write one line if this is RTP in UDP (RFC 7983: first byte 128..191; RFC 5761: not RTCP)."""
        if packet[9] != UDP or len(packet) < 40 or packet[28] >> 6 != 2 or 64 <= packet[29] & 127 <= 95:
            return
        _, second, seq, timestamp, ssrc = struct.unpack_from(">BBHII", packet, 28)
        marker, payload_type = second >> 7, second & 127
        line = f"{now:.4f} {direction} {payload_type} {marker} {seq} {timestamp} {ssrc:08x} {len(packet)}\n"
        self._file.write(line)

    def close(self) -> None:
        self._file.close()


class Way:
    """One direction: from one device through the queue into the other."""

    def __init__(
        self, name: str, source: int, sink: int, direction: Direction, random: Random, log: PacketLog | None
    ) -> None:
        first = direction.states[0]
        before = replace(LinkState(), rate_bps=OPEN_BPS, delay_s=first.delay_s, queue_bytes=200_000)
        self.source, self._sink = source, sink
        self.queue = LinkQueue(direction, before, random)
        self.name, self.log = name, log
        self.drops_udp = False
        self.translate: Callable[[bytes], bytes | None] = lambda packet: packet

    def read(self, now: float) -> None:
        """Take in what the device has."""
        for _ in range(BATCH):
            try:
                packet = os.read(self.source, PACKET_BYTES)
            except BlockingIOError:
                return
            if packet[0] >> 4 != 4 or (self.drops_udp and packet[9] == UDP):
                continue
            translated = self.translate(packet)
            if translated is None:
                continue
            if self.log is not None:
                self.log.note(translated, self.name, now)
            self.queue.offer(translated, now)

    def write(self, now: float) -> None:
        """Give the other device what is due."""
        for packet in self.queue.poll(now):
            with contextlib.suppress(OSError):  # the device's own queue is full, or it is down
                os.write(self._sink, packet)

    def report(self) -> dict[str, Any]:
        late = self.queue.lateness
        return {
            "late_p50_ms": late.quantile_ms(0.5),
            "late_p99_ms": late.quantile_ms(0.99),
            "late_max_ms": round(late.worst_s * 1e3, 1),
            "seconds": [asdict(second) for second in self.queue.seconds],
        }


class Link:
    """Both directions and the commands."""

    def __init__(self, down: Way, up: Way, village: str) -> None:
        self._down, self._up = down, up
        self._translation = Translation(packed(village))
        down.translate, up.translate = self._translation.incoming, self._translation.outgoing

    def run(self) -> None:
        """Pass packets until the input ends."""
        ways = {self._down.source: self._down, self._up.source: self._up}
        commands = sys.stdin.fileno()
        while True:
            due = min((at for way in ways.values() if (at := way.queue.next_timeout()) is not None), default=math.inf)
            timeout = min(max(due - time.monotonic(), 0.0), 1.0)
            ready, _, _ = select.select([commands, *ways], [], [], timeout)
            now = time.monotonic()
            for source in ready:
                if source in ways:
                    ways[source].read(now)
                elif not self._obey(now):
                    return
            for way in ways.values():
                way.write(now)

    def _obey(self, now: float) -> bool:
        text = os.read(sys.stdin.fileno(), 4096).decode()
        for command in text.splitlines():
            if command == "start":
                self._down.queue.start(now)
                self._up.queue.start(now)
                print(json.dumps({"started": now}), flush=True)
            elif command in ("udp drop", "udp pass"):
                self._down.drops_udp = self._up.drops_udp = command == "udp drop"
            elif command.startswith("address "):
                self._translation.outside = packed(command.removeprefix("address "))
        return bool(text)

    def report(self) -> dict[str, Any]:
        return {"down": self._down.report(), "up": self._up.report()}


def main() -> int:
    """Be the link."""
    parser = argparse.ArgumentParser(description="an emulated link between two TUN devices")
    parser.add_argument("--server-fd", type=int, required=True)
    parser.add_argument("--class-fd", type=int, required=True)
    parser.add_argument("--village", required=True, help="the address at the end of --class-fd")
    parser.add_argument("--trace", type=Path, required=True)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--packets", type=Path, help="write the head of each RTP packet here")
    given = parser.parse_args()
    trace = read_trace(given.trace)
    for device in (given.server_fd, given.class_fd):
        os.set_blocking(device, False)
    with contextlib.suppress(PermissionError):  # then its lateness tells whether it mattered
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(REAL_TIME_PRIORITY))
    gc.disable()  # nothing here makes cycles
    log = PacketLog(given.packets) if given.packets else None
    link = Link(
        Way("down", given.server_fd, given.class_fd, trace.down, Random(given.seed), log),
        Way("up", given.class_fd, given.server_fd, trace.up, Random(given.seed + 1), log),
        given.village,
    )
    link.run()
    if log is not None:
        log.close()
    print(json.dumps(link.report()), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
