"""The worker's UDP socket: kernel arrival stamps in, segmented sends out.

Arrival is stamped by the kernel (SO_TIMESTAMPNS): stamps taken in Python carry the loop's own delays, which a sender's
bandwidth estimator takes for a queue on the link (media.md §2.1). One `sendmsg` with UDP_SEGMENT (Linux ≥ 4.18) carries
a run of equal datagrams to one destination; where it is missing each datagram is sent by itself.
"""

from __future__ import annotations

import errno
import socket
import struct
import time
from typing import Any

SO_TIMESTAMPNS = 35  # asm-generic/socket.h (SO_TIMESTAMPNS_OLD); Python has no name for it
SOL_UDP = 17
UDP_SEGMENT = 103  # linux/udp.h
MAX_SEGMENTS = 44  # the kernel takes 64 (UDP_MAX_SEGMENTS), but no more than 64 KiB: 44 of 1,472 bytes
BUFFER_BYTES = 4 << 20  # asked of the kernel, which may give less; 1 s of 30 Mbit/s
WAITS_NS = 500_000_000  # a busy loop reads a packet within a few ms; one that stood still only measures once more
_TIMESPEC = struct.Struct("qq")
_SEGMENT = struct.Struct("H")
_ANCILLARY_BYTES = socket.CMSG_SPACE(_TIMESPEC.size)
# A full send buffer is a lost packet, not an error; the others are what ICMP reports about a client that left.
_IGNORED = {
    errno.EAGAIN,
    errno.ECONNREFUSED,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.ENOBUFS,
    errno.EPERM,
    errno.EINVAL,
    errno.EMSGSIZE,
    errno.ENETDOWN,
    errno.EHOSTDOWN,
    errno.EADDRNOTAVAIL,
}

Address = tuple[Any, ...]  # (host, port) or, for IPv6, (host, port, flow, scope)


class UdpSocket:
    """A bound, non-blocking UDP socket. Not thread-safe."""

    def __init__(self, host: str, port: int) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.socket(family, socket.SOCK_DGRAM)
        try:
            self._socket.setblocking(False)
            self._socket.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, BUFFER_BYTES)
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, BUFFER_BYTES)
            self._socket.bind((host, port))
        except OSError:
            self._socket.close()
            raise
        self.port: int = self._socket.getsockname()[1]
        self.dropped = 0
        # What leaves with the next `flush`: start and end in the caller's view, segment bytes and count, address.
        self.batch: list[tuple[int, int, int, int, Address]] = []
        self._can_segment = _can_segment(family)
        self._offset_ns = 0
        self.synchronise()

    def fileno(self) -> int:
        """Return the descriptor, for `add_reader`."""
        return self._socket.fileno()

    def close(self) -> None:
        """Free the port."""
        self._socket.close()

    def synchronise(self) -> None:
        """Measure how far CLOCK_REALTIME, which the kernel stamps with and NTP sets, is from CLOCK_MONOTONIC."""
        best = None
        for _ in range(3):
            before = time.monotonic_ns()
            real = time.time_ns()
            after = time.monotonic_ns()
            if best is None or after - before < best:
                best = after - before
                self._offset_ns = real - (before + after) // 2

    def receive(self, view: memoryview) -> tuple[int, int, Address] | None:
        """Read one datagram into `view`: its length, arrival in CLOCK_MONOTONIC ns, sender; None when there is none."""
        while True:
            try:
                length, ancillary, _, address = self._socket.recvmsg_into([view], _ANCILLARY_BYTES)
            except BlockingIOError:
                return None
            except OSError:  # an ICMP error of an earlier send
                continue
            if ancillary and len(ancillary[0][2]) == _TIMESPEC.size:
                seconds, nanoseconds = _TIMESPEC.unpack(ancillary[0][2])
                return length, self._arrival(seconds * 1_000_000_000 + nanoseconds), address
            return length, time.monotonic_ns(), address

    def _arrival(self, real_ns: int) -> int:
        """Return a kernel stamp in CLOCK_MONOTONIC.

        Somebody may set the clock while a lesson runs. A stamp of the future, or one that is older than a packet waits
        here, says so before the next `synchronise` would: an hour's step for a second is an hour's hole in a recording.
        """
        arrival_ns = real_ns - self._offset_ns
        now_ns = time.monotonic_ns()
        if not now_ns - WAITS_NS <= arrival_ns <= now_ns:
            self.synchronise()
            arrival_ns = min(real_ns - self._offset_ns, time.monotonic_ns())
        return arrival_ns

    def flush(self, view: memoryview) -> None:
        """Send the batch, whose bytes lie in `view`, in one go.

        One after the other right behind each other is cheaper than each when it is ready: on a quiet machine every
        single send wakes whoever waits behind it.
        """
        send = self._socket.sendto
        for start, end, segment_bytes, count, address in self.batch:
            if count > 1:
                self.send_run(view[start:end], segment_bytes, count, address)
                continue
            try:
                send(view[start:end], address)
            except OSError as error:
                self._note(error, 1)
        self.batch.clear()

    def send(self, data: bytes | memoryview, address: Address) -> None:
        """Send one datagram; one that cannot leave now is counted and dropped, as the network would."""
        try:
            self._socket.sendto(data, address)
        except OSError as error:
            self._note(error, 1)

    def send_run(self, view: memoryview, segment_bytes: int, count: int, address: Address) -> None:
        """Send `view` as `count` datagrams of `segment_bytes`, of which the last may be shorter."""
        if count == 1:
            self.send(view, address)
            return
        if self._can_segment:
            try:
                self._socket.sendmsg([view], [(SOL_UDP, UDP_SEGMENT, _SEGMENT.pack(segment_bytes))], 0, address)
                return
            except OSError as error:
                if error.errno not in (errno.EINVAL, errno.EIO, errno.EMSGSIZE):
                    self._note(error, count)
                    return
                # No checksum offload, or a segment above the path MTU: this run goes out one by one.
        for start in range(0, len(view), segment_bytes):
            self.send(view[start : start + segment_bytes], address)

    def _note(self, error: OSError, packets: int) -> None:
        if error.errno not in _IGNORED:
            raise error
        self.dropped += packets


def _can_segment(family: int) -> bool:
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.setsockopt(SOL_UDP, UDP_SEGMENT, 1200)
        except OSError:
            return False
        return True
