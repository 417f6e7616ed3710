"""A school region for the end-to-end tests: a server of its own on free ports, with people, schools and a lesson."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx

from tests.e2e.pictures import page_png
from tests.ports import free_port

ROOT = Path(__file__).parents[2]
PASSWORD = "yi-gen-hen-chang-de-mima-2026"
START_S = 60.0
DECK_S = 60.0
Found = TypeVar("Found")


def eventually(what: str, look: Callable[[], Found | None], timeout_s: float, every_s: float = 0.2) -> Found:
    """Return the first result of `look` that is not None or False; AssertionError after `timeout_s`."""
    ends_at = time.monotonic() + timeout_s
    while True:
        found = look()
        if found is not None and found is not False:
            return found
        assert time.monotonic() < ends_at, f"{what}: not within {timeout_s:g} s"
        time.sleep(every_s)


def children(pid: int) -> dict[int, str]:
    """Return the command line of each child process of `pid`."""
    found = {}
    for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split():
        try:
            found[int(number)] = Path(f"/proc/{number}/cmdline").read_bytes().replace(b"\0", b" ").decode()
        except FileNotFoundError:
            continue
    return found


class Server:
    """`tongtang serve` as a process, with its own data folder."""

    def __init__(self, data: Path, host: str = "127.0.0.1", flags: Sequence[str] = ()) -> None:
        self.data = data
        self.port = free_port()
        self.media_port = free_port()
        self.url = f"http://{host}:{self.port}"
        self._flags = ("--host", host, *flags)
        self._process: subprocess.Popen[bytes] | None = None
        self._log = (data.parent / "server.log").open("ab")

    @property
    def pid(self) -> int:
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start and wait until rooms, media and recorder serve."""
        arguments = ["serve", "--port", str(self.port), "--media-port", str(self.media_port), "--media-workers", "1"]
        self._process = self._run(*arguments, "--data", str(self.data), *self._flags)
        eventually("the server starts", self._is_ready, START_S)

    def stop(self) -> None:
        """Stop as an administrator would."""
        if self._process is not None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        self._process = None

    def close(self) -> None:
        self.stop()
        self._log.close()

    def kill(self) -> None:
        """Kill without any chance to tidy up, as a power cut would, and wait until its children noticed."""
        assert self._process is not None
        orphans = list(children(self.pid))
        self._process.kill()
        self._process.wait(10)
        self._process = None
        eventually("the children end", lambda: not any(Path(f"/proc/{pid}").exists() for pid in orphans), 10)

    def child(self, part: str) -> int:
        """Return the process id of the child whose command line has `part`."""
        return next(pid for pid, line in children(self.pid).items() if part in line)

    def add_manager(self, username: str) -> None:
        """Make the first account, as the command line does on a new server."""
        arguments = ["person", "add", username, "--name", "王建国", "--manager", "--data", str(self.data)]
        assert self._run(*arguments).wait(30) == 0, (self.data.parent / "server.log").read_text()

    def _run(self, *arguments: str) -> subprocess.Popen[bytes]:
        environment = {**os.environ, "TONGTANG_PASSWORD": PASSWORD}
        command = [sys.executable, "-m", "server.cli", *arguments]
        return subprocess.Popen(command, cwd=ROOT, env=environment, stdout=self._log, stderr=self._log)

    def _is_ready(self) -> bool:
        assert self._process is not None
        assert self._process.poll() is None, (self.data.parent / "server.log").read_text()[-4000:]
        try:
            health = httpx.get(f"{self.url}/healthz", timeout=2).json()
        except httpx.HTTPError:
            return False
        return bool(health.get("media") == "ready" and health.get("recorder") == "ready")


class Person:
    """Somebody who is logged in over HTTP."""

    def __init__(self, url: str, username: str) -> None:
        self._client = httpx.Client(base_url=url, headers={"X-Tongtang": "1"}, timeout=20)
        self.username = username
        self.post("/api/session", {"username": username, "password": PASSWORD})

    def cookies(self) -> dict[str, str]:
        """Return what a browser needs to be this person."""
        return dict(self._client.cookies)

    def get(self, path: str) -> Any:
        answer = self._client.get(path)
        assert answer.is_success, answer.text
        return answer.json()

    def post(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._client.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def post_empty(self, path: str) -> None:
        """Do what has neither body nor answer."""
        answer = self._client.post(path)
        assert answer.is_success, answer.text

    def answer(self, path: str) -> None:
        """Post where nothing is said and nothing comes back."""
        answer = self._client.post(path, json={})
        assert answer.is_success, answer.text

    def put(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._client.put(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def patch(self, path: str, body: dict[str, Any]) -> Any:
        answer = self._client.patch(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()

    def download(self, path: str) -> bytes:
        answer = self._client.get(path)
        assert answer.is_success, answer.text
        return answer.content

    def post_text(self, path: str, text: str) -> Any:
        answer = self._client.post(path, content=text.encode())
        assert answer.is_success, answer.text
        return answer.json()

    def put_pages(self, lesson: str, pages: list[bytes]) -> None:
        """Upload pages as pictures, wait until they are a deck, and give it to the lesson."""
        uploads = [self.upload(f"{number}.png", page) for number, page in enumerate(pages, 1)]
        deck = self.post("/api/decks", {"uploads": uploads})["id"]
        eventually("the deck is converted", lambda: self.get(f"/api/decks/{deck}")["state"] == "ready", DECK_S)
        answer = self._client.put(f"/api/lessons/{lesson}/deck", json={"deck_id": deck})
        assert answer.is_success, answer.text

    def upload(self, name: str, data: bytes, purpose: str = "deck") -> str:
        """Upload a file in one piece; return the upload's id."""
        upload = self.post("/api/uploads", {"name": name, "bytes": len(data), "purpose": purpose})["id"]
        headers = {"Upload-Offset": "0", "Content-Type": "application/offset+octet-stream"}
        answer = self._client.patch(f"/api/uploads/{upload}", content=data, headers=headers)
        assert answer.is_success, answer.text
        return str(upload)

    def close(self) -> None:
        self._client.close()


class Region:
    """One urban school with its lecturer, two rural ones with a classroom and a local teacher each."""

    def __init__(self, server: Server) -> None:
        self.server = server
        manager = Person(server.url, "wang")
        urban = manager.post("/api/schools", {"name": "春城实验小学", "kind": "urban", "region": "云岭县"})
        self.rooms: list[dict[str, Any]] = []
        self._enrol(manager, "lin", "林晓云", urban["id"])
        for username, teacher, name, room in (
            ("he", "和志强", "河口小学", "五年级"),
            ("ma", "马兰", "青山教学点", "复式班"),
        ):
            school = manager.post("/api/schools", {"name": name, "kind": "rural", "region": "云岭县"})
            classroom = manager.post(f"/api/schools/{school['id']}/classrooms", {"name": room})
            self.rooms.append({**classroom, "school": school})
            self._enrol(manager, username, teacher, school["id"])
        self.manager = manager
        self.lecturer = Person(server.url, "lin")

    def add_teacher(self, username: str, name: str, school: str) -> None:
        """Let one more teacher of a school in."""
        self._enrol(self.manager, username, name, school)

    def _enrol(self, manager: Person, username: str, name: str, school: str) -> None:
        body = {"username": username, "password": PASSWORD, "name": name, "school_id": school, "is_manager": False}
        manager.post("/api/people", body)

    def plan_lesson(self, title: str = "光的折射", rooms: int = 2, has_pages: bool = True, minutes: int = 40) -> str:
        """Plan a lesson, of three pages unless told otherwise, into the first `rooms` classrooms; return its id."""
        lesson = self.lecturer.post(
            "/api/lessons",
            {
                "title": title,
                "subject": "科学",
                # Later than a screen opens lessons by itself: the lecturer begins when the test says so.
                "starts_at": (datetime.now(UTC) + timedelta(minutes=20)).isoformat(),
                "planned_minutes": minutes,
                "classroom_ids": [room["id"] for room in self.rooms[:rooms]],
                "paired_school_id": self.rooms[0]["school"]["id"],
                "open_to_observers": True,
            },
        )
        if has_pages:
            self.lecturer.put_pages(lesson["id"], [page_png(number) for number in (1, 2, 3)])
        return str(lesson["id"])

    def set_roster(self, room: int, username: str, pupils: Sequence[tuple[str, int]]) -> None:
        """Give a classroom these pupils: name, and number of the answer card or -1; its teacher does it."""
        teacher, classroom = Person(self.server.url, username), self.rooms[room]["id"]
        try:
            version = teacher.get(f"/api/classrooms/{classroom}/roster")["version"]
            rows = [{"number": n, "name": name, "card": card} for n, (name, card) in enumerate(pupils, 1)]
            teacher.put(f"/api/classrooms/{classroom}/roster", {"version": version, "pupils": rows})
        finally:
            teacher.close()

    def print_cards(self, room: int, username: str) -> None:
        """Print the answer cards of a classroom's pupils; its teacher does it."""
        teacher, classroom = Person(self.server.url, username), self.rooms[room]["id"]
        try:
            teacher.download(f"/api/classrooms/{classroom}/cards.pdf")
        finally:
            teacher.close()

    def pair(self, code: str, room: int) -> None:
        """Make the screen that shows `code` that of a classroom."""
        self.manager.post("/api/devices/pair", {"code": code, "classroom_id": self.rooms[room]["id"]})

    def recording(self, lesson: str, timeout_s: float = 60.0) -> dict[str, Any]:
        """Return the finished recording of the lesson."""

        def ready() -> dict[str, Any] | None:
            for recording in self.lecturer.get("/api/recordings")["items"]:
                if recording["lesson_id"] == lesson:
                    assert recording["state"] != "failed", recording
                    if recording["state"] == "ready":
                        return dict(recording)
            return None

        return eventually("the recording is finalised", ready, timeout_s, 0.5)

    def close(self) -> None:
        self.manager.close()
        self.lecturer.close()


@contextmanager
def region(folder: Path, host: str = "127.0.0.1", flags: Sequence[str] = ()) -> Iterator[Region]:
    """Serve a region inside the block."""
    server = Server(folder / "data", host, flags)
    try:
        server.add_manager("wang")
        server.start()
        people = Region(server)
        try:
            yield people
        finally:
            people.close()
    finally:
        server.close()
