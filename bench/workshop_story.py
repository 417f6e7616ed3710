"""The story of a plan, from two schools' first words to a badge: `python -m bench.workshop_story`.

A teacher of an eastern and one of a western school write one plan in Chromium; one goes offline for a while and keeps
typing with an input method. They meet beside the plan, finalise it, and it is taught (a bot lectures for four minutes,
a classroom and its teacher follow). Two raters review the recording blind; a note of theirs becomes an improvement that
the plan's second version closes. The plan and the case collection are taken out as Word and PDF and opened by
LibreOffice. A fortnight later (the claims' days are set back in the database) credits are posted, and a badge is
verified by openbadgeslib. Prints one JSON line: what each typed against what the share page says, and what was
received. Needs Chromium and LibreOffice. `--shots FOLDER` keeps the pages of the papers as pictures.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdfium2
from openbadgeslib.ob3 import OB3Verifier
from openbadgeslib.verify import issuer_did_from_token
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from server.bot.clip import ensure_clip
from tests.e2e.browser import LAPTOP, WALL, Screen, chromium
from tests.e2e.lesson_bot import bot, teaching
from tests.e2e.pictures import LECTURER, ROOM_ONE, write_camera, write_microphone
from tests.e2e.school import PASSWORD, Person, Region, eventually, region
from tests.e2e.seat import end_lesson
from tests.e2e.test_meeting import enter
from tests.e2e.test_reviews import Workshop as Reviewed, item_is_closed, item_is_made, rate
from tests.e2e.writer import compose

TAUGHT_S = 255.0  # of a lesson that is planned for five minutes: four fifths, and what it takes to come in
FORTNIGHT_MS = 15 * 86_400_000
EAST = "江苏省南京市"
# What each types: field of the plan, then pieces as an input method gives them (letters, words).
WRITTEN: dict[str, tuple[str, tuple[tuple[str, str], ...]]] = {
    "lin": (
        "goals",
        (("nenghuachu", "能画出光从空气斜射入水中的光路图，"), ("biaochu", "标出入射角和折射角，说出谁大谁小。")),
    ),
    "su": ("learners", (("xuesheng", "学生见过水里的筷子像折断了，"), ("meiyou", "没有用过激光笔，先让他们猜。"))),
}
OFFLINE: tuple[tuple[str, str], ...] = (
    ("hebian", "河边长大的孩子都知道水看着浅，"),
    ("anquan", "要从这里讲到防溺水。"),
)


class Workshop(Reviewed):
    """Its group has a school of another region too."""

    def __init__(self, school: Region) -> None:
        super().__init__(school)
        east = school.manager.post("/api/schools", {"name": "金陵实验小学", "kind": "urban", "region": EAST})
        school.add_teacher("su", "苏文", east["id"])
        self.su = Person(school.server.url, "su")
        found = self.lin.get(f"/api/groups/{self.group}/candidates?words=金陵")["items"][0]["person"]["id"]
        self.lin.post(f"/api/groups/{self.group}/invitations", {"person_id": found, "role": "member"})
        self.su.post_empty(f"/api/invitations/{self.su.get('/api/groups')['invitations'][0]['id']}/accept")

    def close(self) -> None:
        super().close()
        self.su.close()


def story(playwright: Playwright, folder: Path, shots: Path) -> dict[str, Any]:
    """Live through it in `folder`; return its figures. What is not as it must be raises AssertionError."""
    devices = folder / "devices"
    devices.mkdir()
    for name, colours in (("lecturer", LECTURER), ("one", ROOM_ONE)):
        write_camera(devices / f"{name}.y4m", colours)
    write_microphone(devices / "voice.wav")
    clip = ensure_clip(folder / "lesson.mkv")
    with region(folder) as school:
        workshop = Workshop(school)
        try:
            with (
                chromium(playwright, devices / "lecturer.y4m", devices / "voice.wav") as first,
                chromium(playwright, devices / "one.y4m", devices / "voice.wav") as second,
            ):
                figures: dict[str, Any] = {"typed": written_together(first, second, school, workshop)}
                figures["shares"] = shares(workshop)
                figures["said_to_agree"] = agrees(figures["typed"], figures["shares"])
                workshop.finalise("第一次定稿")
                lesson = taught(second, school, workshop, clip, folder)
                review = rate(first, school, lesson)
                item_is_made(first, school, review)
                item_is_closed(first, school, workshop)
            figures["papers"] = papers(workshop, folder, shots)
            figures |= received(school, workshop)
        finally:
            workshop.close()
    return figures


def written_together(first: Browser, second: Browser, school: Region, workshop: Workshop) -> dict[str, int]:
    """Let Lin and Su write, Su for a while without a network, and meet beside the plan; return what each typed."""
    screens = {"lin": Screen(first, school.server.url, WALL), "su": Screen(second, school.server.url, LAPTOP)}
    for name, screen in screens.items():
        screen.log_in(name, PASSWORD)
        screen.page.goto(f"/plans/{workshop.plan}")
        screen.page.wait_for_selector(".ProseMirror[contenteditable=true]")
    typed = {name: type_into(screens[name].page, *WRITTEN[name]) for name in screens}
    su = screens["su"].page
    su.context.set_offline(True)
    typed["su"] += type_into(su, "key_points", OFFLINE)
    typed["lin"] += type_into(screens["lin"].page, "homework", (("guancha", "回家观察一次折射，画下来。"),))
    su.context.set_offline(False)
    for screen in screens.values():
        for part in (*WRITTEN["lin"][1], *WRITTEN["su"][1], *OFFLINE):
            screen.page.wait_for_selector(f".ProseMirror >> text={part[1]}", timeout=60_000)
        screen.shoot("workshop-together")
    meet(screens, workshop)
    for screen in screens.values():
        assert not screen.problems, screen.problems
        screen.close()
    return typed


def type_into(page: Page, field: str, pieces: Sequence[tuple[str, str]]) -> int:
    """Type into a field of the plan with an input method; return how many characters count."""
    page.locator(f".ProseMirror [data-field={field}] p").last.click()
    page.keyboard.press("End")
    for letters, words in pieces:
        compose(page, letters, words)
    return sum(len("".join(words.split())) for _, words in pieces)


def meet(screens: dict[str, Screen], workshop: Workshop) -> None:
    lin, su = screens["lin"], screens["su"]
    lin.page.click("[data-tab=meeting]")
    lin.page.click("[data-meet-now]")
    enter(lin)
    meeting = str(workshop.lin.get(f"/api/meetings?plan_id={workshop.plan}")["items"][0]["id"])
    su.page.reload()
    su.page.click("[data-tab=meeting]")
    su.page.click(f"[data-meeting='{meeting}'] button")
    enter(su)
    lin.sees("[data-person='苏文'] video", ROOM_ONE)
    su.sees("[data-person='林晓云'] video", LECTURER)
    lin.shoot("workshop-meeting")
    lin.page.click("[data-bar=end]")
    lin.page.click("[data-bar=end-yes]")
    su.page.wait_for_selector("[data-join]:has-text('会议已经结束')", timeout=30_000)


def shares(workshop: Workshop) -> dict[str, int]:
    """Return what the share page says that each wrote."""
    eventually("everything is counted", lambda: len(_people(workshop)) == 2, 30)
    return _people(workshop)


def _people(workshop: Workshop) -> dict[str, int]:
    names = {"林晓云": "lin", "苏文": "su"}
    found = workshop.lin.get(f"/api/plans/{workshop.plan}/shares")
    people = found.get("shares", found)["people"]
    return {names[one["name"]]: int(one["characters"]) for one in people}


def agrees(typed: dict[str, int], counted: dict[str, int]) -> bool:
    """Return whether the share page tells what each typed, character by character."""
    assert typed == counted, (typed, counted)
    return True


def taught(browser: Browser, school: Region, workshop: Workshop, clip: Path, folder: Path) -> str:
    """Teach the final version into a classroom with its teacher at hand; return the lesson when it is recorded."""
    school.add_teacher("yang", "杨秀英", school.rooms[0]["school"]["id"])  # whoever leads in class does not rate it
    lesson = school.plan_lesson(rooms=1, has_pages=False, minutes=5)
    workshop.lin.post(f"/api/plans/{workshop.plan}/lessons", {"lesson_id": lesson})
    wall, phone = Screen(browser, school.server.url, WALL), Screen(browser, school.server.url, LAPTOP)
    wall.log_in("he", PASSWORD)
    phone.log_in("yang", PASSWORD)
    with bot(*teaching(school, lesson, clip), log=folder / "teach.log"):
        wall.page.goto(f"/lesson/{lesson}/classroom")
        phone.page.goto(f"/lesson/{lesson}/phone")
        eventually("it is recorded", lambda: any(school.server.data.glob("recordings/*/tracks/camera*/*")), 30)
        wall.frames("[data-slot=lecturer] video")
        time.sleep(TAUGHT_S)
        end_lesson(school.server.url, lesson, "lin")
        wall.page.wait_for_timeout(2_000)  # the last figures of how it played
    for screen in (wall, phone):
        screen.close()
    school.recording(lesson, 120)
    return lesson


def papers(workshop: Workshop, folder: Path, shots: Path) -> dict[str, int]:
    """Take plan and cases out, open them, and return the pages of each."""
    pages = {}
    for name, address in (("plan", f"plans/{workshop.plan}/export"), ("cases", f"groups/{workshop.group}/cases")):
        for form in ("docx", "pdf"):
            file = folder / f"{name}.{form}"
            file.write_bytes(workshop.lin.download(f"/api/{address}.{form}"))
            pdf = file if form == "pdf" else _by_office(file, folder / "office")
            pages[f"{name}_{form}"] = _look(pdf, shots / f"workshop-{name}-{form}", WRITTEN["lin"][1][0][1])
    return pages


def _by_office(file: Path, out: Path) -> Path:
    profile = f"-env:UserInstallation=file://{out}/profile"
    command = ["soffice", "--headless", profile, "--convert-to", "pdf", "--outdir", str(out), str(file)]
    subprocess.run(command, check=True, capture_output=True, timeout=180)
    return out / f"{file.stem}.pdf"


def _look(pdf: Path, shot: Path, words: str) -> int:
    with pypdfium2.PdfDocument(pdf) as document:
        text = "".join(page.get_textpage().get_text_range() for page in document)
        assert words[:8] in "".join(text.split()), f"{pdf.name} lacks what was typed"
        for number, page in enumerate(document, 1):
            page.render(scale=1.2).to_pil().save(f"{shot}-{number}.png")
        return len(document)


def received(school: Region, workshop: Workshop) -> dict[str, Any]:
    """Let a fortnight pass, and receive credits and a badge."""
    school.server.stop()
    school.server.start()  # claims are found at the start
    eventually("claims are found", lambda: workshop.lin.get("/api/credits")["pending"] > 0, 30)
    school.server.stop()
    with sqlite3.connect(school.server.data / "tongtang.db") as database:
        database.execute("UPDATE credit_claims SET due_ms = due_ms - ?", (FORTNIGHT_MS,))
    school.server.start()
    eventually("credits are posted", lambda: workshop.lin.get("/api/credits")["pending"] == 0, 30)
    found = {}
    yang = Person(school.server.url, "yang")
    for one in (workshop.lin, workshop.su, yang):
        claims = one.get("/api/credits")["claims"]
        found[one.username] = {claim["act"]: claim["amount"] for claim in claims if claim["state"] == "posted"}
    yang.close()
    badge = workshop.lin.post("/api/credits/badges", {"badge": "lead_plan"})["id"]
    token = workshop.lin.download(f"/api/credits/badges/{badge}.jwt").decode()
    credential = OB3Verifier.for_issuer_did(issuer_did_from_token(token)).verify(token)
    return {"credits": found, "badge": credential.achievement.name}


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=Path, help="where to put pictures of the papers")
    given = parser.parse_args(arguments)
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        shots = given.shots or Path(name)
        shots.mkdir(parents=True, exist_ok=True)
        figures = story(playwright, Path(name), shots)
    print(json.dumps({"bench": "workshop_story", **figures, "s": round(time.monotonic() - begun)}, ensure_ascii=False))
    return 0


if __name__ == "__main__":
    sys.exit(main())
