"""Ports for the servers that tests start."""

from __future__ import annotations

import os
import random
import socket

_FIRST, _LAST = 20_000, 32_000
_SHARES = 4  # of the range: one for tests that run alone, one for each of three processes that run them side by side


def free_port() -> int:
    """Return a port of loopback that is free for TCP and UDP, below the range systems give to outgoing connections.

    A port of that range (32768 and up on Linux) may be taken between this answer and the server's start.
    """
    share = (_LAST - _FIRST) // _SHARES
    begin = _FIRST + share * (int(os.environ.get("PYTEST_XDIST_WORKER", "gw3")[2:]) % _SHARES)
    for port in random.sample(range(begin, begin + share), 100):
        try:
            with (
                socket.socket(socket.AF_INET, socket.SOCK_STREAM) as tcp,
                socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as udp,
            ):
                tcp.bind(("127.0.0.1", port))
                udp.bind(("127.0.0.1", port))
        except OSError:
            continue
        return port
    raise RuntimeError("no free port among a hundred")
