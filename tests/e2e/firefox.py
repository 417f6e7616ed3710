"""Stock Firefox, spoken to by WebDriver BiDi (W3C): Playwright only drives its own patched build."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from websockets.exceptions import InvalidHandshake
from websockets.sync.client import ClientConnection, connect

from tests.e2e.school import eventually
from tests.ports import free_port

START_S = 60.0
CALL_S = 60.0


class Firefox:
    """One browser with one tab."""

    def __init__(self, socket_: ClientConnection) -> None:
        self._socket = socket_
        self._ids = itertools.count(1)
        self._call("session.new", {"capabilities": {}})
        self._tab = self._call("browsingContext.getTree", {})["contexts"][0]["context"]

    def set_cookie(self, name: str, value: str, host: str = "127.0.0.1") -> None:
        """Set a cookie of a host."""
        cookie = {"name": name, "value": {"type": "string", "value": value}, "domain": host, "path": "/"}
        self._call("storage.setCookie", {"cookie": cookie})

    def open(self, url: str) -> None:
        """Open an address and wait until it has loaded."""
        self._call("browsingContext.navigate", {"context": self._tab, "url": url, "wait": "complete"})

    def run(self, expression: str) -> Any:
        """Return the value (text, number, truth) of an expression or promise in the page."""
        target = {"target": {"context": self._tab}, "expression": expression, "awaitPromise": True}
        result = self._call("script.evaluate", target)
        assert result["type"] == "success", result
        return result["result"].get("value")

    def _call(self, method: str, params: dict[str, Any]) -> dict[str, Any]:
        number = next(self._ids)
        self._socket.send(json.dumps({"id": number, "method": method, "params": params}))
        while True:
            answer = json.loads(self._socket.recv(timeout=CALL_S))
            if answer.get("id") == number:
                assert answer["type"] == "success", answer
                return dict(answer["result"])


@contextmanager
def firefox(folder: Path) -> Iterator[Firefox]:
    """Run the distribution's Firefox with a fresh profile inside the block."""
    path = shutil.which("firefox-esr") or shutil.which("firefox")
    assert path, "没有找到 Firefox：请运行 .ci/system-packages"
    profile = folder / "firefox"
    profile.mkdir()
    (profile / "user.js").write_text('user_pref("media.autoplay.default", 0);\n')
    port = free_port()
    with (folder / "firefox.log").open("wb") as log:
        arguments = [path, "--headless", "--no-remote", "--profile", str(profile), "--remote-debugging-port", str(port)]
        process = subprocess.Popen(arguments, stdout=log, stderr=log)
        try:
            with eventually("Firefox starts", lambda: _connect(port), START_S) as socket_:
                yield Firefox(socket_)
        finally:
            process.terminate()
            try:
                process.wait(15)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait(10)


def _connect(port: int) -> ClientConnection | None:
    try:
        return connect(f"ws://127.0.0.1:{port}/session", max_size=None, proxy=None, origin=None)
    except (OSError, InvalidHandshake):
        return None
