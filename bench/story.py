"""The story of a recording, from class to a village school: `python -m bench.story [--minutes 5] [--seed 1]`.

A bot teaches with speech, pages and ink across an emulated weak link, and claps now and then; in the middle the server
is killed (SIGKILL) and started again. The recording is finalised: `apart_ms` is the most that a clap is heard and seen
apart in it, for real what `bench.sync` does in virtual time. It is reviewed and published, and played to its end in
Chromium and Firefox, each from the site, from the unpacked pack over file://, and from `light.html`; what is shown at
each page's and each stroke's time is compared with the log. The pack goes on a stick to a library in a network of its
own, with no way to the platform, is trusted by its fingerprint, played there, and what was played is brought back twice
and counted once.

Prints one JSON line; needs root, Chromium and Firefox. `tests/e2e/test_story_of_a_recording.py` is the short form.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from playwright.sync_api import Playwright, sync_playwright

from bench.link_namespace import TOWN_ADDRESS, EmulatedLink, emulated_link
from bench.story_carried import carried
from bench.story_clip import apart_ms, speaking_clip
from bench.story_played import Places, played_in_chromium, played_in_firefox
from recorder.journal import read_journal
from server.bot.clip import ensure_clip
from tests.e2e.lesson_bot import bot, teaching
from tests.e2e.publishing import publish
from tests.e2e.school import Region, eventually, region
from tests.e2e.seat import end_lesson

# A teacher's uplink in a county town on a bad day: enough for a small picture, a twentieth of the packets late or lost.
WEAK = {"rate_kbps": 900, "delay_ms": 60, "jitter_ms": 15, "loss_pct": 1.5, "queue_kb": 60}
BACK_S = 40.0  # from the kill until the bot teaches again, on a machine that does much else
PAGE_S = 4.0


@dataclass(frozen=True)
class Plan:
    """How long the story is."""

    before_s: float  # taught before the server is killed
    after_s: float
    page_s: float = PAGE_S
    firefox_from: float = 0.0  # share of the lesson that Firefox leaves out, to be done sooner
    seed: int = 1


def story(playwright: Playwright, folder: Path, pictures: Path, plan: Plan) -> dict[str, Any]:
    """Live through it in `folder`; return its figures. What is not as it must be raises AssertionError.

    `pictures` is the demo's clip, which takes 10 s to draw.
    """
    clip = speaking_clip(pictures, folder)
    trace = folder / "weak.json"
    trace.write_text(json.dumps([{"t": 0, "down": WEAK, "up": WEAK}]))
    with ExitStack() as open_:
        link = open_.enter_context(emulated_link(trace, plan.seed))
        open_.enter_context(link.town.inside())
        school = open_.enter_context(region(folder, TOWN_ADDRESS))
        link.start()
        lesson, figures = taught(school, link, clip, plan)
        begun = time.monotonic()
        recording = school.recording(lesson)
        figures["ready_s"] = round(time.monotonic() - begun, 1)
        figures["duration_s"] = round(recording["duration_ms"] / 1000, 1)
        figures |= checked_log(school, recording["id"], figures)
        figures |= claps(school.server.data / "recordings" / recording["id"], clip)
        resource = publish(school, recording["id"])
        places = Places.laid_out(school, recording["id"], resource, folder)
        figures |= played_in_chromium(playwright, link.town, school, places, folder)
        figures |= played_in_firefox(school, places, folder, plan.firefox_from)
        figures |= carried(playwright, school, resource, places.pack, folder)
    return figures


def taught(school: Region, link: EmulatedLink, clip: Path, plan: Plan) -> tuple[str, dict[str, Any]]:
    """Teach, kill the server in the middle, teach on, end the lesson; return it."""
    lesson, log = school.plan_lesson(rooms=1), clip.parent / "teach.log"
    arguments = [*teaching(school, lesson, clip), "--write", "--pages", str(plan.page_s)]
    with bot(*arguments, log=log, where=link.village.command()):
        eventually("the bot teaches", lambda: "正在讲课" in log.read_text(), 40)
        begun = time.monotonic()
        time.sleep(plan.before_s)
        school.server.kill()
        killed = time.monotonic()
        school.server.start()
        eventually("the bot teaches on", lambda: log.read_text().count("正在讲课") > 1, BACK_S)
        back_s = time.monotonic() - killed
        time.sleep(plan.after_s)
        end_lesson(school.server.url, lesson, "lin")
    return lesson, {"taught_s": round(time.monotonic() - begun, 1), "server_away_s": round(back_s, 1)}


def checked_log(school: Region, recording: str, figures: dict[str, Any]) -> dict[str, Any]:
    """Compare what the finished files say with the journal that was written in class."""
    folder = school.server.data / "recordings" / recording
    journal = read_journal(folder / "journal.jsonl")
    assert journal.is_intact, "the chain holds over the kill"
    files = f"/api/recordings/{recording}/files"
    events: list[dict[str, Any]] = school.lecturer.get(f"{files}/events.json")["events"]
    resource = school.lecturer.get(f"{files}/resource.json")
    found: dict[str, Any] = {}
    for kind in ("page_turned", "ink_added"):
        said = [line["t"] for line in journal.lines if line["kind"] == "event" and line["body"]["kind"] == kind]
        shown = [one["t_ms"] for one in events if one["body"]["kind"] == kind]
        assert len(said) == len(shown) >= 2, (kind, said, shown)
        offsets = [a - b for a, b in zip(said, shown, strict=True)]
        found[f"{kind}_off_ms"] = round(max(offsets) - min(offsets), 1)
        assert found[f"{kind}_off_ms"] <= 2, offsets
    turns = [(one["t_ms"], one["body"]["page"]) for one in events if one["body"]["kind"] == "page_turned"]
    told = [(one["start_ms"], one["page"]) for one in resource["pages"]]
    assert [turn for turn in turns if turn[0] > 0] == [one for one in told if one[0] > 0]
    starts = {start for start, _ in told} | {0}
    assert all(one["start_ms"] in starts for one in resource["chapters"] if one.get("kind", "page") == "page")
    # What is missing before the first packet and behind the last is the machine's doing; half a lesson is not.
    missing_s = figures["taught_s"] - figures["duration_s"]
    assert missing_s < (figures["taught_s"] - figures["server_away_s"]) / 2, "the lesson is there from begin to end"
    found["missing_s"] = round(missing_s, 1)
    strokes = sum(one["body"]["kind"] == "ink_added" for one in events)
    return found | {"pages": len(turns), "strokes": strokes, "chapters": len(resource["chapters"])}


def claps(recording: Path, clip: Path) -> dict[str, Any]:
    """Compare flashes and clicks in the finished file: `apart_ms` is the most that a pair is apart."""
    (film,) = recording.glob("lecturer.*")
    found = apart_ms(film, clip)
    return {"apart_ms": round(max(map(abs, found), default=math.inf), 1), "claps": len(found)}


def main(arguments: Sequence[str]) -> None:
    parser = argparse.ArgumentParser(prog="bench.story")
    parser.add_argument("--minutes", type=float, default=5.0)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args(arguments)
    half_s = options.minutes * 30
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        pictures = ensure_clip(Path(name) / "pictures.mkv")
        figures = story(
            playwright, Path(name), pictures, Plan(half_s, half_s, page_s=max(PAGE_S, half_s / 8), seed=options.seed)
        )
    print(json.dumps({"bench": "story", **figures, "took_s": round(time.monotonic() - begun, 1)}))


if __name__ == "__main__":
    main(sys.argv[1:])
