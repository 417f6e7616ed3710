"""What a rejoining classroom gets first: `python -m bench.snapshot`.

A real server opens a lesson that has been going on for 45 minutes (`bench.past_lesson`: 60 classrooms, 40 pages, 2,000
strokes, 400 of them on the page that is shown, 100 lines of chat, a class list) and a classroom comes in as a browser
does. Measured:

- `wire_bytes`: the `welcome` on the wire, with its WebSocket header; `plain_bytes` is the same as JSON.
- `strokes`: how many of the shown page's strokes are in it. If not all, the rest is asked for, piece by piece, in
  `rest_bytes` and `rest_pieces`.
- `pack_ms`: by how much longer the server took than for a client that does not inflate, a median.
- `levels`: bytes and milliseconds of zlib's levels for this message.
- `shown_ms`: in Chromium with the page of the lesson in 1080 lines (an observer's, which needs no paired screen): from
  the moment the welcome's frame is handed to the page to the moment the lesson's page and what is written on it are
  painted, the slowest of seven loads; null without Chromium. It needs the built web client.

Prints one JSON line.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import time
import zlib
from collections.abc import Callable

import msgspec

from bench.light_socket import LightSocket, open_light
from bench.past_lesson import PAGES, past_lesson
from bench.server_process import BenchServer, running_server
from bench.shown import shown_in_browser
from server.lean_websocket import frame_of
from signaling import messages as m
from signaling.frames import DEFLATED, unpack
from signaling.roles import Role

CLASSROOM = "教室0"
TRIES = 15
ANSWER_S = 15.0
MOST_BYTES, MOST_MS = 60_000, 300
_decode: Callable[[bytes | str], m.ServerMessage] = msgspec.json.Decoder(m.ServerMessage).decode


class _Client:
    """One socket that takes answers one by one, as they came over the wire."""

    def __init__(self) -> None:
        self._heard: asyncio.Queue[bytes] = asyncio.Queue(1000)

    async def open(self, server: BenchServer) -> None:
        """Connect."""
        self._socket = await open_light(server.websocket_url, self._on_message)

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    async def ask(self, message: m.ClientMessage, kind: type) -> bytes:
        """Return the first message of `kind` after `message`, as it came."""
        self._socket.send(message)
        async with asyncio.timeout(ANSWER_S):
            while True:
                data = await self._heard.get()
                answer = _decode(_text(data))
                if isinstance(answer, kind):
                    return data
                if isinstance(answer, m.Error):
                    raise ConnectionError(f"{answer.code}: {answer.detail}")

    def _on_message(self, _: LightSocket, data: bytes) -> None:
        self._heard.put_nowait(data)


def _text(data: bytes) -> bytes:
    return unpack(data) if data[0] == DEFLATED else data


async def _welcome(server: BenchServer, *, inflates: bool) -> tuple[_Client, bytes, float]:
    client = _Client()
    await client.open(server)
    token = server.token(Role.CLASSROOM, CLASSROOM)
    begin = time.perf_counter()
    data = await client.ask(m.Hello(m.PROTOCOL_VERSION, token, inflates=inflates), m.Welcome)
    return client, data, time.perf_counter() - begin


async def _rest(client: _Client, known: m.Snapshot) -> tuple[int, int, int]:
    """Ask for what the shown page holds besides; return its bytes, pieces and objects."""
    assert known.deck is not None
    surface = next((one for one in known.board.surfaces if one.objects), None)
    size = pieces = objects = 0
    while surface is not None and surface.known is not None:
        data = await client.ask(m.AskBoard(pieces + 1, surface.key, surface.known), m.BoardPart)
        part = _decode(_text(data))
        assert isinstance(part, m.BoardPart)
        size, pieces, objects = size + len(frame_of({"bytes": data})), pieces + 1, objects + len(part.objects)
        surface = msgspec.structs.replace(surface, known=part.known)
    return size, pieces, objects


async def _measure(server: BenchServer) -> dict[str, object]:
    times: dict[bool, list[float]] = {True: [], False: []}
    data = b""
    for n in range(2 * TRIES):
        inflates = n % 2 == 0
        client, got, took = await _welcome(server, inflates=inflates)
        times[inflates].append(took)
        data = got if inflates else data
        client.close()
        await asyncio.sleep(0.05)
    client, data, _ = await _welcome(server, inflates=True)
    plain = _text(data)
    welcome = _decode(plain)
    assert isinstance(welcome, m.Welcome)
    rest_bytes, rest_pieces, rest_objects = await _rest(client, welcome.snapshot)
    client.close()
    strokes = sum(len(one.objects) for one in welcome.snapshot.board.surfaces)
    return {
        "wire_bytes": len(frame_of({"bytes": data})),
        "plain_bytes": len(plain),
        "strokes": strokes,
        "rest_bytes": rest_bytes,
        "rest_pieces": rest_pieces,
        "all_strokes": strokes + rest_objects,
        "participants": len(welcome.snapshot.participants),
        "pack_ms": round(1000 * (statistics.median(times[True]) - statistics.median(times[False])), 1),
        "levels": {level: _level(plain, level) for level in (1, 3, 6, 9)},
    }


def _level(plain: bytes, level: int) -> list[float]:
    took, size = [], 0
    for _ in range(5):
        begin = time.perf_counter()
        size = len(zlib.compress(plain, level))
        took.append(time.perf_counter() - begin)
    return [size, round(1000 * min(took), 2)]


async def _run(port: int, media_port: int, *, browser: bool) -> dict[str, object]:
    async with running_server(port, media_port, pages=PAGES, past=past_lesson) as server:
        figures = await _measure(server)
        return figures | (await shown_in_browser(server) if browser else {})


def main() -> int:
    """Run the bench; 1 when the target is missed."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, default=42270)
    parser.add_argument("--media-port", type=int, default=42271)
    parser.add_argument("--no-browser", dest="browser", action="store_false")
    options = parser.parse_args()
    figures = asyncio.run(_run(options.port, options.media_port, browser=options.browser))
    print(json.dumps({"bench": "snapshot", **figures}, ensure_ascii=False))
    size, shown = figures["wire_bytes"], figures.get("shown_ms") or 0
    assert isinstance(size, int) and isinstance(shown, int)
    return 0 if size <= MOST_BYTES and shown <= MOST_MS else 1


if __name__ == "__main__":
    sys.exit(main())
