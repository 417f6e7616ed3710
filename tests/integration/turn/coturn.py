"""A real coturn on loopback with the settings of deploy/coturn.conf, but for addresses, ports and secret."""

from __future__ import annotations

import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from server.tls import own_certificate
from tests.ports import free_port

SECRET = "test-secret-of-the-relay"
START_S = 10.0
EXAMPLE = Path(__file__).resolve().parents[3] / "deploy" / "coturn.conf"


class Coturn:
    """A running relay."""

    def __init__(self, folder: Path) -> None:
        self.port = port = free_port()
        self.tls_port = free_port()
        self.folder = folder
        self.certificate, self._key = own_certificate(folder / "tls", ("localhost",), ("127.0.0.1",), datetime.now(UTC))
        self.udp = f"turn:127.0.0.1:{port}?transport=udp"
        self.tcp = f"turn:127.0.0.1:{port}?transport=tcp"
        self.tls = f"turns:localhost:{self.tls_port}?transport=tcp"

    @contextlib.contextmanager
    def running(self, allowed: str = "127.0.0.1") -> Iterator[Coturn]:
        """Relay inside the block, to the address `allowed` alone."""
        program = shutil.which("turnserver")
        if program is None:
            pytest.skip("coturn is not installed")
        settings = self.folder / "turn.conf"
        settings.write_text("\n".join(self._settings(allowed)))
        arguments = [
            "-c",
            str(settings),
            f"--userdb={self.folder / 'turn.db'}",
            f"--pidfile={self.folder / 'turn.pid'}",
        ]
        with (self.folder / "turn.log").open("w") as log:
            process = subprocess.Popen([program, *arguments], stdout=log, stderr=log)
            try:
                self._wait(process)
                yield self
            finally:
                process.terminate()
                try:
                    process.wait(5)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()

    def _settings(self, allowed: str) -> Iterator[str]:
        """Yield the lines of the example, each with what this test needs in place of what people change."""
        changed = {
            "listening-ip": "127.0.0.1",
            "relay-ip": "127.0.0.1",
            "listening-port": self.port,
            "tls-listening-port": self.tls_port,
            "cert": self.certificate,
            "pkey": self._key,
            "static-auth-secret": SECRET,
            "allowed-peer-ip": allowed,
            "min-port": self.port + 10,
            "max-port": self.port + 29,
        }
        for line in EXAMPLE.read_text().splitlines():
            name = line.partition("=")[0]
            if line != "syslog":
                yield f"{name}={changed.pop(name)}" if name in changed else line
        assert not changed, f"the example lacks {sorted(changed)}"
        yield from ("log-file=stdout", "allow-loopback-peers", "cli-password=unused")

    def _wait(self, process: subprocess.Popen[bytes]) -> None:
        ends = time.monotonic() + START_S
        while time.monotonic() < ends and process.poll() is None:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.tls_port), 0.2):
                return
            time.sleep(0.05)
        raise AssertionError((self.folder / "turn.log").read_text())
