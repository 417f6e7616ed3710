"""Three teachers of three schools meet beside an open plan: seen, heard, shown a screen, minuted, closed by evidence.

A fourth, of a school outside the group, is asked as a guest and reads the plan only as long as they meet.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import FilePayload, Playwright

from tests.e2e.browser import LAPTOP, PHONE, WALL, Screen, chromium
from tests.e2e.pictures import LECTURER, ROOM_ONE, ROOM_TWO
from tests.e2e.school import PASSWORD, Person, Region

pytestmark = pytest.mark.e2e

RESOLVED = "把第二个实验改成学生分组做"
MINUTES = "一、议题：导入的问题\n二、决定：先让学生猜，再演示，最后分组实验。"


@dataclass
class Table:
    lin: Screen
    he: Screen
    ma: Screen
    plan: str
    meeting: str = ""


def found_group(school: Region) -> str:
    """Make a group of the three teachers with one plan; return the plan's id."""
    group = school.lecturer.post(
        "/api/groups", {"kind": "jiaoyanzu", "name": "云岭小学科学教研组", "subject": "科学", "stage": "小学"}
    )["group"]["id"]
    for username in ("he", "ma"):
        teacher = Person(school.server.url, username)
        me = teacher.get("/api/hello")["me"]["id"]
        invited = school.lecturer.post(f"/api/groups/{group}/invitations", {"person_id": me, "role": "member"})
        invitation = next(one["id"] for one in invited["invitations"] if one["person"]["id"] == me)
        teacher.post_empty(f"/api/invitations/{invitation}/accept")
        teacher.close()
    plan = school.lecturer.post("/api/plans", {"group_id": group, "title": "光的折射", "subject": "科学"})
    return str(plan["id"])


@contextmanager
def at_table(playwright: Playwright, devices: Path, school: Region) -> Iterator[Table]:
    url, voice = school.server.url, devices / "voice.wav"
    plan = found_group(school)
    with ExitStack() as open_:
        browsers = [
            open_.enter_context(chromium(playwright, devices / f"{name}.y4m", voice))
            for name in ("lecturer", "one", "two")
        ]
        lin, he = Screen(browsers[0], url, WALL), Screen(browsers[1], url, LAPTOP)
        ma = Screen(browsers[2], url, PHONE, is_phone=True)
        for username, screen in (("lin", lin), ("he", he), ("ma", ma)):
            screen.log_in(username, PASSWORD)
        try:
            yield Table(lin, he, ma, plan)
        except BaseException:
            for name, screen in (("lin", lin), ("he", he), ("ma", ma)):
                screen.shoot(f"failed-meeting-{name}")
            raise


def test_three_schools_meet_beside_a_plan(playwright: Playwright, devices: Path, school: Region) -> None:
    with at_table(playwright, devices, school) as table:
        sit_down(table)
        everybody_is_seen_and_heard(table)
        screens_are_shared_one_at_a_time(table)
        a_guest_is_asked(table, school)
        minutes_are_written_together(table)
        a_resolution_is_made_and_closed(table)
        the_chair_mutes_and_ends(table)
        the_guests_plan_is_closed(table, school)
        kinds = {one["name"] for one in school.recording(table.meeting)["renditions"]}
        assert kinds >= {"lecturer", "screen"}, kinds
        table.lin.page.goto(f"/meetings/{table.meeting}")
        table.lin.page.click("text=看会议录像")
        table.lin.page.wait_for_selector("h1 >> text=会议实录")
        table.lin.page.wait_for_selector("main a >> text=纪要和决议")
        for screen in (table.lin, table.he, table.ma):
            assert not screen.problems, screen.problems


def sit_down(table: Table) -> None:
    table.lin.page.goto(f"/plans/{table.plan}")
    table.lin.page.click("[data-tab=meeting]")
    table.lin.page.click("[data-meet-now]")
    enter(table.lin)
    table.lin.page.wait_for_selector("[data-bar=end]")  # who called it has the chair
    table.meeting = str(table.lin.get(f"/api/meetings?plan_id={table.plan}")["items"][0]["id"])
    table.he.page.goto(f"/plans/{table.plan}")
    table.he.page.click("[data-tab=meeting]")
    table.he.page.click(f"[data-meeting='{table.meeting}'] button")
    enter(table.he)
    table.ma.page.goto(f"/meetings/{table.meeting}")
    enter(table.ma)


def enter(screen: Screen) -> None:
    screen.page.check("[data-join-camera]")
    screen.page.click("[data-join-enter]")
    screen.page.wait_for_selector("[data-bar=mic][data-on=true]")
    screen.page.wait_for_selector("[data-bar=camera][data-on=true]")


def face(name: str) -> str:
    return f"[data-person='{name}'] video"


def everybody_is_seen_and_heard(table: Table) -> None:
    pictures = {"林晓云": LECTURER, "和志强": ROOM_ONE, "马兰": ROOM_TWO}
    for own, screen in (("林晓云", table.lin), ("和志强", table.he), ("马兰", table.ma)):
        for name, colours in pictures.items():
            if name != own:
                screen.sees(face(name), colours)
        screen.hears()
    table.lin.page.wait_for_selector("[data-person][data-speaks=true]")
    table.ma.page.wait_for_selector("[data-recording-state]:has-text('没有录制')")
    table.lin.page.click("[data-bar=record]")
    for screen in (table.lin, table.he, table.ma):
        screen.page.wait_for_selector("[data-recording-state]:has-text('正在录制')")
    table.lin.shoot("meeting-beside-plan")
    table.he.shoot("meeting-laptop")
    table.ma.shoot("meeting-phone")


def screens_are_shared_one_at_a_time(table: Table) -> None:
    """Chromium's fake devices include a screen: a green one with a clock."""
    shared = "[data-slot=screen] video"
    table.he.page.click("[data-bar=screen]")
    for other in (table.lin, table.ma):
        other.frames(shared, want=3)
        other.page.wait_for_selector("[data-bar=screen]:disabled")
    table.lin.page.wait_for_selector("[data-meeting-room]:has-text('和志强正在共享屏幕')")
    table.lin.shoot("meeting-screen")
    table.ma.shoot("meeting-screen-phone")
    table.he.page.click("[data-bar=screen]")
    table.ma.page.wait_for_selector(shared, state="detached")
    table.lin.page.click("[data-bar=screen]:enabled")
    table.he.frames(shared, want=3)
    table.lin.page.click("[data-bar=screen]")
    table.he.page.wait_for_selector(shared, state="detached")


def a_guest_is_asked(table: Table, school: Region) -> None:
    far = school.manager.post("/api/schools", {"name": "清溪小学", "kind": "rural", "region": "云岭县"})
    school.add_teacher("yang", "杨秀英", far["id"])
    table.lin.page.click("[data-meeting-tab=outcome]")
    table.lin.page.click("[data-guest-ask]")
    table.lin.page.fill("[data-guest-words]", "清溪")
    table.lin.page.click("[data-choose='杨秀英']")
    table.lin.page.wait_for_selector("[data-guest='杨秀英']")
    table.lin.shoot("meeting-guests")
    table.lin.page.click("[data-meeting-tab=agenda]")
    guest = Person(school.server.url, "yang")
    assert guest.get(f"/api/plans/{table.plan}")["rights"] == ["join_meeting", "read_final", "read_plan"]
    guest.close()


def the_guests_plan_is_closed(table: Table, school: Region) -> None:
    guest = Person(school.server.url, "yang")
    assert guest.get(f"/api/meetings/{table.meeting}")["as_guest"]
    with pytest.raises(AssertionError, match="not_allowed"):
        guest.get(f"/api/plans/{table.plan}")
    guest.close()


def minutes_are_written_together(table: Table) -> None:
    table.lin.page.click("[data-agenda-edit]")
    table.lin.page.fill("[data-agenda-title]", "导入怎么问")
    table.lin.page.click("text=保存议程")
    table.lin.page.click("text=讲这一项")
    table.lin.page.wait_for_selector("[data-left]:has-text('还剩')")
    table.lin.shoot("meeting-agenda")
    for screen in (table.he, table.lin):
        screen.page.click("[data-meeting-tab=minutes]")
    table.he.page.fill("[data-minutes]", MINUTES)
    table.he.page.wait_for_selector("[data-minutes-state=saved]:has-text('和志强')")
    table.lin.page.wait_for_function(
        "(text) => document.querySelector('[data-minutes]').value === text", arg=MINUTES, timeout=20_000
    )
    table.he.shoot("meeting-minutes")


def a_resolution_is_made_and_closed(table: Table) -> None:
    for screen in (table.lin, table.he):
        screen.page.click("[data-meeting-tab=resolutions]")
    table.lin.page.click("[data-resolution-add]")
    table.lin.page.fill("[data-resolution-text]", RESOLVED)
    table.lin.page.select_option("[data-resolution-owner]", label="和志强（河口小学）")
    table.lin.page.click("[data-resolution-save]")
    table.lin.page.wait_for_selector(f"[data-resolution=open]:has-text('{RESOLVED}')")
    table.he.page.click("[data-resolution-close]")
    table.he.page.select_option("[data-evidence-kind]", "file")
    given = FilePayload(name="分组实验记录.pdf", mimeType="application/pdf", buffer=b"%PDF-1.4 evidence")
    table.he.page.set_input_files("[data-evidence-file]", files=given)
    table.he.shoot("meeting-evidence")
    table.he.page.click("[data-evidence-give]")
    table.he.page.wait_for_selector("[data-resolution=done]:has-text('分组实验记录.pdf')")
    table.lin.page.wait_for_selector("[data-resolution=done]")
    table.lin.shoot("meeting-resolutions")


def the_chair_mutes_and_ends(table: Table) -> None:
    table.lin.page.click("[data-person='和志强'] .person__mute")
    table.he.page.wait_for_selector("[data-bar=mic][data-on=false]")
    table.lin.page.wait_for_selector("[data-person='和志强']:has-text('已静音')")
    table.lin.page.click("[data-bar=end]")
    table.lin.page.click("[data-bar=end-yes]")
    for screen in (table.he, table.ma, table.lin):
        screen.page.wait_for_selector("[data-join]:has-text('会议已经结束')", timeout=30_000)
    table.lin.page.click("[data-meeting-tab=outcome]")
    table.lin.page.wait_for_selector("[data-substance]:has-text('有效研讨')")
    table.lin.shoot("meeting-outcome")
