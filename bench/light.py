"""The light form of a lesson: `python -m bench.light [--minutes 45]`. Prints a JSON line; exit 1 when it is too large.

A lesson of 40 pages of text, 2,000 strokes and a voice of the rate that clients are asked for goes through a real
recorder and finaliser. What somebody loads who listens and reads: the light voice, the pages at 1280 px, the log and
`resource.json`, plain and as they are sent (JSON is packed).
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
import sys
import tempfile
import time
from pathlib import Path

import msgspec

from bench.deck import deck as deck_pdf
from bench.past_lesson import LAST_MS, past_lesson
from bench.recorder_feed import RecorderProcess, Stream, make_clip
from recorder.control import RecordEvent, StartRecording, StopRecording
from recorder.resource import Material, MaterialPage, Resource, decode_resource
from server.lessons.decks import process, wire
from server.lessons.decks.convert import Order
from server.lessons.model import CLASSROOM_WIDTH
from signaling import messages as m, replica
from signaling.views import PUBLIC, view_event, view_snapshot

TARGET_BYTES = 12_000_000  # of 45 minutes with 40 pages
SETTLE_S = 15.0  # the recorder takes what it was sent at a hundred times the pace of a lesson


async def _pages(folder: Path) -> tuple[MaterialPage, ...]:
    source = folder / "deck.pdf"
    source.write_bytes(deck_pdf())
    pages: list[MaterialPage] = []
    async for said in process.pages(Order((("deck.pdf", str(source)),), str(folder)), folder):
        if isinstance(said, wire.Failed):
            raise SystemExit(said.reason)
        if isinstance(said, wire.Made):
            file = next(one for one in said.files if one.width >= CLASSROOM_WIDTH)
            number = len(pages) + 1
            path = str((folder / file.name).absolute())
            pages.append(MaterialPage(number, f"第 {number} 页", "光的折射", path, "image/webp", file.width))
    return tuple(pages)


def _tell(recorder: RecorderProcess, begin_ns: int, minutes: float) -> msgspec.Raw:
    info = m.LessonInfo("bench", "光的折射", "科学", "实验小学", 45, "scheduled")
    deck = m.Deck("d1", "光的折射", 40, "/{page}")
    scale = minutes * 60_000 / LAST_MS
    for event in past_lesson(info, deck)[1]:
        body = msgspec.json.encode(view_event(event, PUBLIC).body)
        recorder.send(RecordEvent("bench", event.seq, begin_ns + round(event.t_ms * scale * 1e6), body))
    first = view_snapshot(replica.initial(info, deck), PUBLIC)
    return msgspec.Raw(msgspec.json.encode(first))


def _record(scratch: Path, minutes: float) -> tuple[Resource, Path, float]:
    pages = asyncio.run(_pages(scratch))
    recorder = RecorderProcess(scratch)
    folder = scratch / "recording"
    recorder.send(StartRecording("bench", "room", "光的折射", str(folder)))
    recorder.wait_for_state("recording")
    begin_ns = time.monotonic_ns()
    first = _tell(recorder, begin_ns, minutes)
    stream, tap = Stream(make_clip(4.0, 100_000, 320, 180), peer="lecturer0000"), recorder.connect_tap()
    tap.sendall(stream.opening())
    for second in range(1, round(minutes * 60) + 1):
        tap.sendall(stream.until(second, begin_ns))
    tap.sendall(stream.closing())
    _settle(folder)
    material = Material("bench", "光的折射", "科学", "周明远", "实验小学", pages=pages, first=first)
    (folder / "material.json").write_bytes(msgspec.json.encode(material))
    recorder.send(StopRecording("bench"))
    stopped = time.monotonic()
    recorder.wait_for_state("ready", 300)
    ready_s = time.monotonic() - stopped
    recorder.end()
    return decode_resource((folder / "resource.json").read_bytes()), folder, ready_s


def _settle(folder: Path) -> None:
    end, size = time.monotonic() + SETTLE_S, -1
    while time.monotonic() < end and size != (now := sum(path.stat().st_size for path in folder.rglob("*.webm"))):
        size = now
        time.sleep(2.0)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench.light")
    parser.add_argument("--minutes", type=float, default=45.0)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="tongtang-light-") as scratch:
        resource, folder, ready_s = _record(Path(scratch), options.minutes)
        voice = next(one for one in resource.renditions if one.name == "light")
        texts = [(folder / name).read_bytes() for name in ("events.json", "resource.json")]
        pages = sum(one.bytes for one in resource.page_files)
    total = voice.bytes + pages + sum(map(len, texts))
    figures = {
        "bench": "light",
        "bytes": total,
        "sent_bytes": voice.bytes + pages + sum(len(gzip.compress(text)) for text in texts),
        "voice_bytes": voice.bytes,
        "voice_kbps": round(voice.bytes * 8 / voice.duration_ms, 1),
        "pages": len(resource.page_files),
        "pages_bytes": pages,
        "events_bytes": len(texts[0]),
        "minutes": round(resource.duration_ms / 60_000, 1),
        "ready_s": round(ready_s, 1),
        "chapters": len(resource.chapters),
    }
    print(json.dumps(figures))
    sys.exit(total > TARGET_BYTES * options.minutes / 45)


if __name__ == "__main__":
    main()
