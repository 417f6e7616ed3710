"""Give up what a converter does not need, then become it.

    python -m server.lessons.decks.sandbox PARENT_PID MEMORY_BYTES CPU_S FILE_BYTES FOLDER READS PROGRAM [ARGUMENT…]

Memory, processor time and the size of a file are bounded (setrlimit(2)); there is no network but a loopback that
nobody listens on, where the kernel allows that (unshare(2), network_namespaces(7)); no program gives more rights
(PR_SET_NO_NEW_PRIVS), and root's own are given up; of the server's files only FOLDER and those in READS, a JSON list of
paths, are left, where the kernel has Landlock (`landlock.py`); what is bound to the parent's life ends with it; and
live lessons go first (nice(2)). Only the standard library: this runs before every conversion.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import resource
import signal
import struct
import sys
from pathlib import Path

from server.lessons.decks import landlock, office

NICER = 10
OPEN_FILES = 512
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38  # linux/prctl.h
_CAPABILITY_VERSION_3 = 0x2008_0522  # linux/capability.h, like the next
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1 << 1, 1 << 2
_CLONE_NEWUSER, _CLONE_NEWNET = 0x1000_0000, 0x4000_0000  # linux/sched.h


def limit(memory_bytes: int, cpu_s: int, file_bytes: int) -> None:
    """Bound what this process and each of its children may use."""
    for what, most in (
        (resource.RLIMIT_AS, memory_bytes),
        (resource.RLIMIT_CPU, cpu_s),
        (resource.RLIMIT_FSIZE, file_bytes),
        (resource.RLIMIT_NOFILE, OPEN_FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, hard = resource.getrlimit(what)
        bound = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(what, (bound, bound))
    os.nice(NICER)


def leave_network() -> bool:
    """Leave the machine's network; return whether the kernel let us."""
    libc = ctypes.CDLL(None, use_errno=True)
    if os.geteuid() == 0:
        return bool(libc.unshare(_CLONE_NEWNET) == 0)
    user, group = os.geteuid(), os.getegid()
    if libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET) != 0:
        return False
    for name, text in (("setgroups", "deny"), ("uid_map", f"{user} {user} 1"), ("gid_map", f"{group} {group} 1")):
        with contextlib.suppress(OSError):  # where no map may be written, it is nobody with our files
            Path("/proc/self", name).write_text(text)
    return True


def drop_capabilities() -> None:
    """Give up what root may do beyond its own files; for whoever else there is nothing to give up (capset(2))."""
    kept = _CAP_DAC_OVERRIDE | _CAP_DAC_READ_SEARCH  # a data folder may be another's; `landlock` sees to the rest
    header, sets = struct.pack("=Ii", _CAPABILITY_VERSION_3, 0), struct.pack("=6I", kept, kept, 0, 0, 0, 0)
    ctypes.CDLL(None, use_errno=True).capset(header, sets)


def main() -> None:
    """Become the program of the command line, within its limits."""
    parent, memory_bytes, cpu_s, file_bytes = (int(argument) for argument in sys.argv[1:5])
    folder, reads, command = Path(sys.argv[5]), [Path(one) for one in json.loads(sys.argv[6])], sys.argv[7:]
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        leave_network()
        if os.geteuid() == 0:
            drop_capabilities()
        landlock.confine(folder, reads, Path(command[0]) if Path(command[0]).name in office.PROGRAMS else None)
    if os.getppid() != parent:
        sys.exit(0)
    limit(memory_bytes, cpu_s, file_bytes)
    os.execvp(command[0], command)


if __name__ == "__main__":
    main()
