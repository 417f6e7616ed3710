"""The example deploy/nginx.conf before a real server: nginx checks our signatures and sends the bytes itself."""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from server.library.sharing.signing import STAMP_S, stamped
from tests.ports import free_port

NGINX = shutil.which("nginx") or shutil.which("nginx", path="/usr/sbin")
EXAMPLE = Path(__file__).parents[3] / "deploy" / "nginx.conf"
SECRET = "a-secret-of-the-county"
RECORDING, FILM = "abcdefghjkmn", bytes(range(256)) * 400
PAGE = f"{'0' * 64}.webp"

pytestmark = pytest.mark.skipif(NGINX is None, reason="nginx is not installed (.ci/system-packages does it)")


def configured(folder: Path, port: int) -> str:
    """Return the example with what an administrator changes in it changed, and nothing else."""
    text = EXAMPLE.read_text()
    assert text.count("the-secret-that-stands-above") == 2
    text = text.replace("the-secret-that-stands-above", SECRET).replace("/srv/tongtang/", f"{folder}/")
    text = re.sub(r"listen 443 ssl;", f"listen 127.0.0.1:{port};", text)
    text = re.sub(r"    ssl_certificate.*\n", "", text)
    text = text.replace("http://127.0.0.1:8000", f"http://127.0.0.1:{free_port()}")
    temporary = "\n".join(
        f"{kind}_temp_path {folder}/{kind};" for kind in ("client_body", "proxy", "fastcgi", "uwsgi", "scgi")
    )
    return (
        f"daemon off; worker_processes 1; pid {folder}/nginx.pid; error_log {folder}/error.log;\n"
        f"events {{ worker_connections 32; }}\nhttp {{ access_log off;\n{temporary}\n{text}\n}}\n"
    )


@contextmanager
def running(folder: Path) -> Iterator[httpx.Client]:
    recordings = folder / "recordings" / RECORDING
    (recordings / "pages").mkdir(parents=True)
    (recordings / "tracks").mkdir()
    for name in ("light.webm", "guest.webm", "journal.jsonl", "resource.json", "tracks/0001.webm", f"pages/{PAGE}"):
        (recordings / name).write_bytes(FILM)
    folder.chmod(0o755)
    port = free_port()
    (folder / "nginx.conf").write_text(configured(folder, port))
    command = [
        str(NGINX),
        "-c",
        str(folder / "nginx.conf"),
        "-p",
        str(folder),
        "-g",
        "user root;",
        "-e",
        str(folder / "error.log"),
    ]
    if folder.owner() != "root":
        command = [one for one in command if one not in ("-g", "user root;")]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            for _ in range(100):
                try:
                    client.get("/metrics")
                    break
                except httpx.ConnectError:
                    assert process.poll() is None, (folder / "error.log").read_text()
                    time.sleep(0.05)
            yield client
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_nginx_sends_what_is_signed_and_nothing_else(tmp_path: Path) -> None:
    now_s = int(time.time_ns() // 1_000_000_000)
    with running(tmp_path) as client:
        film = f"/signed/{stamped(SECRET, f'{RECORDING}/light.webm', now_s)}"
        whole = client.get(film)
        assert (whole.status_code, whole.content, whole.headers["content-type"]) == (200, FILM, "video/webm")
        part = client.get(film, headers={"Range": "bytes=100-199"})
        assert (part.status_code, part.content) == (206, FILM[100:200])
        page = f"/signed/{stamped(SECRET, f'{RECORDING}/pages/{PAGE}', now_s)}"
        assert client.get(page).headers["content-type"] == "image/webp"
        until, signature = film.split("/")[2:4]
        for name in (
            "guest.webm",
            "journal.jsonl",
            "resource.json",
            "tracks/0001.webm",
            f"pages/{PAGE}",
            "../../secret.key",
            "%2e%2e/%2e%2e/secret.key",
        ):
            assert client.get(f"/signed/{until}/{signature}/{RECORDING}/{name}").status_code in (400, 404), name
        assert client.get(film.replace(until, str(int(until) + 60))).status_code == 404
        assert client.get(film.replace(signature, "A" * 22)).status_code == 404
        assert client.get(page.replace("pages/0", "pages/../light")).status_code == 404
        late = f"/signed/{stamped(SECRET, f'{RECORDING}/light.webm', now_s - 2 * STAMP_S)}"
        assert client.get(late).status_code == 410
        assert client.post(film).status_code == 403
        assert client.get("/metrics").status_code == 404
        assert client.get("/api/hello").status_code == 502, "everything else goes on to the server, which is not here"
