"""coturn as a school region would run it: time-limited credentials, no UDP needed from its clients."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from server.tls import own_certificate
from tests.e2e.school import eventually

SECRET = "an-der-mauer-bluehen-keine-kirschen"
TCP_PORT, TLS_PORT = 80, 443  # what a school's firewall leaves open; free in a namespace of its own
STOP_S = 5.0


@dataclass(frozen=True)
class TurnRelay:
    """A relay that runs, and the URLs that lead to it."""

    tcp_url: str
    tls_url: str
    log: Path

    def flags(self, *urls: str) -> tuple[str, ...]:
        """Return what tells the server of these ways to it."""
        return ("--turn", ",".join(urls), "--turn-secret", SECRET)


def is_installed() -> bool:
    """Return whether the distribution's coturn is there."""
    return shutil.which("turnserver") is not None


@contextmanager
def turn_relay(address: str, folder: Path) -> Iterator[TurnRelay]:
    """Run coturn on `address` in the calling thread's namespace for the length of the block."""
    certificate, key = own_certificate(folder, ("localhost",), (address,), datetime.now(UTC))
    log = folder / "coturn.log"
    options = {
        "--listening-ip": address,
        "--relay-ip": address,
        "--listening-port": TCP_PORT,
        "--tls-listening-port": TLS_PORT,
        "--realm": "tongtang",
        "--static-auth-secret": SECRET,
        "--cert": certificate,
        "--pkey": key,
        "--log-file": log,
        "--pidfile": folder / "coturn.pid",
        "--userdb": folder / "coturn.db",
    }
    switches = ("-n", "--use-auth-secret", "--no-cli", "--no-udp", "--no-dtls", "--simple-log", "--no-rfc5780")
    command = ["turnserver", *switches, *(f"{name}={value}" for name, value in options.items())]
    process = subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        eventually("coturn listens", lambda: log.exists() and "opened" in log.read_text(errors="replace"), 10)
        yield TurnRelay(f"turn:{address}:{TCP_PORT}?transport=tcp", f"turns:{address}:{TLS_PORT}?transport=tcp", log)
    finally:
        process.terminate()
        try:
            process.wait(STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
