"""Become a child that cannot outlive its parent, then run a module.

    python -m server.processes.child PARENT_PID MODULE [ARGUMENT…]

`server.processes.supervisor` starts its children through this door. A child ends by itself when its control socket
reaches its end; the signal of prctl(2) is for one that is stuck. A Ctrl-C in the terminal is the parent's business: it
reaches the whole process group, and the recorder must not die of it in the middle of a part.
"""

from __future__ import annotations

import ctypes
import os
import runpy
import signal
import sys

_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def die_with_parent(parent: int) -> None:
    """Ask the kernel for SIGTERM when the parent ends; exit when it has ended already."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)
    if os.getppid() != parent:
        sys.exit(0)


def main() -> None:
    """Run the module that the command line names."""
    parent, module = int(sys.argv[1]), sys.argv[2]
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    die_with_parent(parent)
    sys.argv = [module, *sys.argv[3:]]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
