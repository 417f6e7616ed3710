"""Two network namespaces and an emulated link between them; needs root and /dev/net/tun.

`town` holds the server and the lecturer, `village` the classroom; neither has any other way out. A namespace lives as
long as a process that waits for the end of its input, and the devices as long as the link's process: whatever happens
to the one who made them, nothing is left behind. `inside` moves the calling thread, and so all that it starts.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import functools
import json
import os
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
TUN = Path("/dev/net/tun")
# RFC 2544 §C.2.2: set aside for measuring between networks; no host has them.
TOWN_ADDRESS = "198.18.0.1"
VILLAGE_ADDRESS = "198.18.0.2"
OTHER_ADDRESS = "198.18.0.3"  # what the village's provider may call it one day
STOP_S = 5.0
_CLONE_NEWNET = 0x4000_0000
_TUNSETIFF = 0x4004_54CA
_IFF_TUN, _IFF_NO_PI = 0x0001, 0x1000
OPEN_LINK = [{"t": 0, "down": {"rate_kbps": 20_000, "delay_ms": 5}, "up": {"rate_kbps": 20_000, "delay_ms": 5}}]


@functools.cache
def missing() -> str:
    """Return why no link can be made here, or an empty string."""
    if os.geteuid() != 0:
        return "an emulated link needs root"
    for tool in ("ip", "unshare", "nsenter"):
        if shutil.which(tool) is None:
            return f"an emulated link needs {tool} (iproute2, util-linux)"
    try:
        if not TUN.exists():
            TUN.parent.mkdir(parents=True, exist_ok=True)
            os.mknod(TUN, stat.S_IFCHR | 0o600, os.makedev(10, 200))
        os.close(os.open(TUN, os.O_RDWR))
        subprocess.run(["unshare", "--net", "true"], check=True, capture_output=True, timeout=10)
    except (OSError, subprocess.SubprocessError) as error:
        return f"an emulated link needs /dev/net/tun and network namespaces: {error}"
    return ""


@dataclass
class Namespace:
    """A network namespace and the process that keeps it."""

    name: str
    keeper: subprocess.Popen[bytes]

    @property
    def path(self) -> Path:
        return Path(f"/proc/{self.keeper.pid}/ns/net")

    def command(self, *arguments: str) -> list[str]:
        """Return the command line that runs `arguments` in here."""
        return ["nsenter", f"--net={self.path}", *arguments]

    def run(self, *arguments: str) -> None:
        """Run a command in here to its end."""
        subprocess.run(self.command(*arguments), check=True, capture_output=True, timeout=10)

    def wrap(self, executable: str, folder: Path) -> Path:
        """Return a program that is `executable` in here."""
        script = folder / f"{Path(executable).name}-{self.name}"
        script.write_text(f'#!/bin/sh\nexec nsenter --net={self.path} "{executable}" "$@"\n')
        script.chmod(0o755)
        return script

    @contextmanager
    def inside(self) -> Iterator[None]:
        """Move the calling thread, and what it starts, in here for the length of the block."""
        home = os.open("/proc/thread-self/ns/net", os.O_RDONLY)
        here = os.open(self.path, os.O_RDONLY)
        try:
            _enter(here)
            try:
                yield
            finally:
                _enter(home)
        finally:
            os.close(here)
            os.close(home)


def _enter(namespace: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.setns(namespace, _CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), "setns")


@contextmanager
def namespace(name: str) -> Iterator[Namespace]:
    """Make a namespace for the length of the block, with its own loopback."""
    keeper = subprocess.Popen(["unshare", "--net", "cat"], stdin=subprocess.PIPE, stdout=subprocess.DEVNULL)
    one = Namespace(name, keeper)
    try:
        home = Path("/proc/self/ns/net").stat().st_ino
        ends = time.monotonic() + 5
        while one.path.stat().st_ino == home:  # until unshare has done it
            if time.monotonic() > ends:
                raise TimeoutError("the network namespace was not made within 5 s")
            time.sleep(0.01)
        one.run("ip", "link", "set", "lo", "up")
        yield one
    finally:
        assert keeper.stdin is not None
        keeper.stdin.close()
        try:
            keeper.wait(STOP_S)
        except subprocess.TimeoutExpired:
            keeper.kill()
            keeper.wait()


def _open_tun(name: str) -> int:
    device = os.open(TUN, os.O_RDWR | os.O_CLOEXEC)
    fcntl.ioctl(device, _TUNSETIFF, struct.pack("16sH22x", name.encode(), _IFF_TUN | _IFF_NO_PI))
    return device


@dataclass
class EmulatedLink:
    """The link's process."""

    town: Namespace
    village: Namespace
    process: subprocess.Popen[str]
    started_at: float = 0.0  # monotonic, also in the link's process
    report: dict[str, Any] = field(default_factory=dict)  # filled at the end

    def start(self) -> float:
        """Let the trace begin and return when it did, on the monotonic clock."""
        self._say("start")
        assert self.process.stdout is not None
        self.started_at = float(json.loads(self.process.stdout.readline())["started"])
        return self.started_at

    def drop_udp(self, drops: bool = True) -> None:
        """Be a firewall that lets no UDP through, or no longer."""
        self._say("udp drop" if drops else "udp pass")

    def change_address(self, address: str = OTHER_ADDRESS) -> None:
        """Call the village so from now on, outside: it does not notice, and nothing for its old address arrives."""
        self._say(f"address {address}")

    def _say(self, command: str) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(f"{command}\n")
        self.process.stdin.flush()

    def stop(self) -> None:
        """End the link and keep its report."""
        try:
            said, _ = self.process.communicate(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.communicate()
            return
        lines = said.splitlines()
        if lines:
            self.report = json.loads(lines[-1])


@contextmanager
def emulated_link(trace: Path | None = None, seed: int = 1, packets: Path | None = None) -> Iterator[EmulatedLink]:
    """Make two namespaces and the link between them for the length of the block; without a trace an open one.

    The head of each RTP packet that enters the link is written to `packets`.
    """
    with ExitStack() as open_:
        town = open_.enter_context(namespace("town"))
        village = open_.enter_context(namespace("village"))
        folder = Path(open_.enter_context(tempfile.TemporaryDirectory(prefix="tongtang-link-")))
        if trace is None:
            trace = folder / "open.json"
            trace.write_text(json.dumps(OPEN_LINK))
        devices = []
        names = {f"tt{os.getpid() % 100_000}t": (town, TOWN_ADDRESS, VILLAGE_ADDRESS)}
        names[f"tt{os.getpid() % 100_000}v"] = (village, VILLAGE_ADDRESS, TOWN_ADDRESS)
        try:
            for name, (where, address, peer) in names.items():
                devices.append(_open_tun(name))
                _ip("link", "set", name, "netns", str(where.keeper.pid))
                where.run("ip", "addr", "add", address, "peer", peer, "dev", name)
                where.run("ip", "link", "set", name, "up", "mtu", "1500", "txqueuelen", "2000")
                if where is town:
                    town.run("ip", "route", "add", OTHER_ADDRESS, "dev", name)
            process = _link_process(devices, trace, seed, packets)
        finally:
            for device in devices:
                os.close(device)
        link = EmulatedLink(town, village, process)
        try:
            yield link
        finally:
            link.stop()


def _link_process(devices: list[int], trace: Path, seed: int, packets: Path | None) -> subprocess.Popen[str]:
    arguments = ["--server-fd", str(devices[0]), "--class-fd", str(devices[1]), "--trace", str(trace.resolve())]
    arguments += ["--packets", str(packets.resolve())] if packets else []
    return subprocess.Popen(
        [sys.executable, "-m", "bench.link_process", *arguments, "--seed", str(seed), "--village", VILLAGE_ADDRESS],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        pass_fds=devices,
        preexec_fn=_ignore_interrupt,
    )


def _ignore_interrupt() -> None:
    """Let Ctrl-C reach the bench alone: it ends the link in order."""
    with contextlib.suppress(ValueError):
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, capture_output=True, timeout=10)
