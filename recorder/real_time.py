"""Keep an encoder from taking the processors for itself."""

from __future__ import annotations

import contextlib
import ctypes
import struct
import sys
from collections.abc import Iterator

_CAPABILITY_VERSION_3 = 0x2008_0522  # linux/capability.h, like the next
_CAP_SYS_NICE = 1 << 23


@contextlib.contextmanager
def without_real_time() -> Iterator[None]:
    """Let this thread, and those that it starts, not raise their own priority inside the block, not even as root.

    SVT-AV1 gives itself and all of its threads SCHED_FIFO 99 when its user is root: it would run before every lesson,
    and the process would stay so afterwards. Where the kernel knows no capabilities nothing is changed.
    """
    if sys.platform != "linux":
        yield
        return
    libc = ctypes.CDLL(None, use_errno=True)
    header = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0)
    sets = ctypes.create_string_buffer(24)
    if libc.capget(header, sets) != 0:
        yield
        return
    effective, *rest = struct.unpack("=6I", sets.raw)
    libc.capset(header, struct.pack("=6I", effective & ~_CAP_SYS_NICE, *rest))
    try:
        yield
    finally:
        libc.capset(header, struct.pack("=6I", effective, *rest))
