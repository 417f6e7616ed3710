"""Decks over HTTP, with the real converter in its own process."""

from __future__ import annotations

import asyncio
import os
import struct
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from server.lessons.decks import landlock, office, process
from server.lessons.decks.office import find_office
from server.lessons.page_files import PageFiles
from server.storage.jobs import claim_job
from tests.integration.server.conftest import World, open_world
from tests.unit.server.lessons.decks.deck_files import (
    encrypted_pdf,
    pdf,
    picture,
    png_of,
    pptx,
    pptx_entries,
    zipped,
)

PIECE = "application/offset+octet-stream"
THREE = tuple((f"Chapter {n}", f"Line of page {n}") for n in (1, 2, 3))
needs_office = pytest.mark.skipif(find_office() is None, reason=f"LibreOffice is not installed: {office.INSTALL}")


async def uploaded(client: httpx.AsyncClient, name: str, data: bytes) -> str:
    asked = await client.post("/api/uploads", json={"name": name, "bytes": len(data), "purpose": "deck"})
    assert asked.status_code == 201, asked.text
    upload = str(asked.json()["id"])
    headers = {"Upload-Offset": "0", "Content-Type": PIECE}
    answer = await client.patch(f"/api/uploads/{upload}", content=data, headers=headers)
    assert answer.status_code == 200, answer.text
    return upload


async def made(world: World, *files: tuple[str, bytes], by: str = "lin", convert: bool = True) -> dict[str, Any]:
    """Return the deck that these files became."""
    client = await world.client(by)
    uploads = [await uploaded(client, name, data) for name, data in files]
    answer = await client.post("/api/decks", json={"uploads": uploads})
    assert answer.status_code == 201, answer.text
    if convert:
        async with asyncio.timeout(60):
            await world.convert()
    found: dict[str, Any] = (await client.get(f"/api/decks/{answer.json()['id']}")).json()
    return found


async def test_a_pdf_becomes_pages_with_titles_text_and_outline(world: World) -> None:
    outline = pdf(THREE, catalog="/Outlines 20 0 R")
    deck = await made(world, ("光的折射.pdf", outline))
    assert (deck["state"], deck["pages"], deck["done"], deck["title"]) == ("ready", 3, 3, "光的折射")
    assert [page["title"] for page in deck["page_list"]] == ["Chapter 1", "Chapter 2", "Chapter 3"]
    assert deck["page_list"][0]["ratio"] == pytest.approx(16 / 9, abs=0.01)
    client = await world.client("lin")
    widths = {}
    for width in (640, 1280, 1920):
        page = await client.get(deck["page_url"].replace("{page}", "2").replace("{width}", str(width)))
        assert page.headers["content-type"] == "image/webp" and "immutable" in page.headers["cache-control"]
        assert page.content[12:16] == b"VP8L"
        (bits,) = struct.unpack("<I", page.content[21:25])
        widths[width] = (bits & 0x3FFF) + 1
    assert widths == {640: 640, 1280: 1280, 1920: 1920}
    found = (await client.get("/api/decks", params={"q": "page 2"})).json()["items"]
    assert [(one["id"], one["found"]) for one in found] == [(deck["id"], [{"page": 2, "title": "Chapter 2"}])]
    assert (await client.get("/api/decks", params={"q": "100%"})).json()["items"] == []
    original = await client.get(f"/api/decks/{deck['id']}/originals/1")
    assert original.content == outline and "attachment" in original.headers["content-disposition"]
    assert list((world.folder / "uploads").iterdir()) == []


async def test_pictures_and_an_archive_of_pictures_become_pages_in_their_order(world: World) -> None:
    pictures = await made(
        world, ("封面.png", picture()), ("2 实验.jpg", picture(kind="JPEG")), ("3.webp", picture(kind="WEBP"))
    )
    assert [page["title"] for page in pictures["page_list"]] == ["封面", "2 实验", "3"]
    names = ["第10页.png", "第2页.png", "__MACOSX/._x.png", ".DS_Store"]
    archive = await made(world, ("扫描.zip", zipped([(name, picture()) for name in names])))
    assert [page["title"] for page in archive["page_list"]] == ["第2页", "第10页"]
    assert archive["title"] == "扫描" and archive["state"] == "ready"


@needs_office
async def test_a_pptx_becomes_pages(world: World) -> None:
    deck = await made(world, ("光的折射.pptx", pptx(("光的折射", "把筷子斜插进水里"), ("做一做", "观察水面"))))
    assert deck["state"] == "ready", deck["problem"]
    assert [page["title"] for page in deck["page_list"]] == ["光的折射", "做一做"]
    client = await world.client("lin")
    assert [one["found"][0]["page"] for one in (await client.get("/api/decks?q=筷子")).json()["items"]] == [1]


async def test_without_libreoffice_people_are_told_what_to_do_and_may_try_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(office, "find_office", lambda: None)
    deck = await made(world, ("光.pptx", pptx(("一", "二"))))
    assert deck["state"] == "failed" and office.INSTALL in deck["problem"] and "另存为 PDF" in deck["problem"]
    client = await world.client("lin")
    again = await client.post(f"/api/decks/{deck['id']}/again")
    assert again.json()["state"] == "converting"
    assert (await client.post(f"/api/decks/{deck['id']}/again")).json()["code"] == "deck_state"


@pytest.mark.parametrize(
    ("name", "data", "words", "page"),
    [
        ("长.pdf", pdf(count=10_000), "有 10000 页，一份课件最多 300 页", None),
        ("密.pdf", encrypted_pdf(), "密码", None),
        ("断.pdf", b"%PDF-1.7\nnothing", "打不开", None),
        ("假.pdf", picture(), "扩展名和内容不一致", None),
        ("窄.pdf", pdf(media_box="0 0 10000 10"), "太窄长", 1),
        ("炸.pptx", zipped([*pptx_entries([("一", "二")]), ("ppt/media/a.xml", bytes(4 << 20))]), "压缩炸弹", None),
        ("出.zip", zipped([("../../outside.png", picture())]), "指向外面的路径", None),
        ("杂.zip", zipped([("1.png", picture()), ("a.exe", b"MZ")]), "不是图片", None),
        ("大.png", png_of(30_000, 30_000), "8000", 1),
        ("大.zip", zipped([("1.png", picture()), ("2.png", png_of(30_000, 30_000))]), "8000", 2),
        ("破.png", png_of(900, 900), "读不出来", 1),
        ("假.jpg", b"<svg onload='alert(1)'/>", "不是能用的课件", None),
    ],
)
async def test_broken_and_hostile_files_are_refused_with_page_and_reason(
    world: World, name: str, data: bytes, words: str, page: int | None
) -> None:
    deck = await made(world, (name, data))
    assert (deck["state"], deck["problem_page"]) == ("failed", page), deck["problem"]
    assert words in deck["problem"]
    assert not (world.folder / "outside.png").exists() and not (world.folder / "decks" / "outside.png").exists()


async def test_the_second_of_several_pictures_is_named(world: World) -> None:
    deck = await made(world, ("1.png", picture()), ("2.png", b"no picture"))
    assert (deck["state"], deck["problem_page"]) == ("failed", 2) and "2.png" in deck["problem"]


async def test_scripts_of_a_pdf_are_left_out_and_that_is_said(world: World) -> None:
    script = "/OpenAction << /S /JavaScript /JS (app.alert\\(1\\); while\\(true\\){}) >>"
    deck = await made(world, ("脚本.pdf", pdf(THREE, catalog=script)))
    assert (deck["state"], deck["remarks"], deck["pages"]) == ("ready", ["scripts"], 3)


async def test_documents_are_not_mixed(world: World) -> None:
    client = await world.client("lin")
    uploads = [await uploaded(client, "1.png", picture()), await uploaded(client, "2.pdf", pdf())]
    answer = await client.post("/api/decks", json={"uploads": uploads})
    assert (answer.status_code, answer.json()["code"]) == (415, "deck_unsupported")
    assert (await client.get(f"/api/uploads/{uploads[0]}")).status_code == 200  # nothing was taken
    half = (await client.post("/api/uploads", json={"name": "a.pdf", "bytes": 9, "purpose": "deck"})).json()["id"]
    assert (await client.post("/api/decks", json={"uploads": [half]})).json()["code"] == "upload_incomplete"
    assert (await client.post("/api/decks", json={"uploads": []})).json()["field"] == "uploads"


async def test_a_conversion_goes_on_behind_the_last_page_after_a_kill(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    keep, kept = PageFiles.put, 0

    async def put(self: PageFiles, data: bytes) -> str:
        nonlocal kept
        kept += 1
        if kept == 5:  # in the middle of the second page
            raise SystemExit  # as sudden as a power cut: nothing is put back
        return await keep(self, data)

    async with open_world(tmp_path / "data") as world:
        monkeypatch.setattr(PageFiles, "put", put)
        deck = await made(world, ("光.pdf", pdf(THREE)), convert=False)
        with pytest.raises(SystemExit):
            await world.convert()
        left = (await (await world.client("lin")).get(f"/api/decks/{deck['id']}")).json()
        assert (left["state"], left["done"], left["pages"]) == ("converting", 1, 3)
    async with open_world(tmp_path / "data") as world:
        await world.convert()
        assert kept == 5  # somebody still holds it
        world.clock.ahead = timedelta(seconds=31)
        await world.convert()
        ready = (await (await world.client("lin")).get(f"/api/decks/{deck['id']}")).json()
        assert (ready["state"], ready["done"]) == ("ready", 3) and kept == 5 + 6
        assert not list((world.folder / "decks" / deck["id"]).glob("work-*"))


async def test_a_page_that_kills_the_converter_is_named(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PAGES", process.PAGES._replace(file_bytes=200))  # SIGXFSZ at the first page
    deck = await made(world, ("光.pdf", pdf(THREE)))
    assert (deck["state"], deck["problem_page"]) == ("failed", 1) and "太复杂" in deck["problem"]


async def test_a_converter_that_hangs_is_ended_with_all_of_its_group(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    script = "sleep 60 & echo $! ; sleep 60"
    async with process.confined(("sh", "-c", script), process.PAGES, work) as running:
        assert running.stdout is not None
        child = int(await running.stdout.readline())
        assert os.getpgid(child) == running.pid
    async with asyncio.timeout(5):
        while Path(f"/proc/{child}").exists() and "Z" not in Path(f"/proc/{child}/stat").read_text().split()[2]:
            await asyncio.sleep(0.01)
    monkeypatch.setattr(process, "PAGE_S", 0.0)
    deck = await made(world, ("光.pdf", pdf(THREE)))
    assert deck["state"] == "failed" and "重新导出" in deck["problem"]


async def test_the_converter_has_neither_network_nor_memory_nor_our_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TONGTANG_TURN_SECRET", "nobody may know")
    script = "env; ulimit -v; ulimit -f; cat /proc/net/dev | wc -l; nice"
    async with process.confined(("sh", "-c", script), process.PAGES, tmp_path) as running:
        assert running.stdout is not None
        said = (await running.stdout.read()).decode()
    *_, memory, blocks, devices, nice = said.split()
    assert "nobody" not in said and int(memory) << 10 == process.PAGES.memory_bytes
    assert int(blocks) * 512 == process.PAGES.file_bytes and int(nice) >= 10
    assert int(devices) <= 3 or not Path("/proc/self/ns/net").exists()  # two lines of heading, loopback


@pytest.mark.skipif(landlock.version() == 0, reason="this kernel has no Landlock (Linux 5.13)")
async def test_the_converter_reads_no_file_but_what_it_converts(tmp_path: Path) -> None:
    given, other, work = tmp_path / "given.pdf", tmp_path / "tongtang.db", tmp_path / "work"
    work.mkdir()
    for file in (given, other):
        file.write_text(f"content of {file.name}")
    script = (
        f"cat {given} {other} /proc/{os.getpid()}/environ; ls {tmp_path}; echo x > {tmp_path}/new; echo y >> {given};"
        f"ln {other} {work}/link; echo made > {work}/page && cat {work}/page; cat /etc/shadow"
    )
    async with process.confined(("sh", "-c", script), process.PAGES, work, [given]) as running:
        assert running.stdout is not None
        said = (await running.stdout.read()).decode()
    assert said == "content of given.pdfmade\n"
    assert (work / process.SAID).read_text().count("Permission denied") >= 5
    assert given.read_text() == "content of given.pdf"
    assert sorted(one.name for one in tmp_path.iterdir()) == ["given.pdf", "tongtang.db", "work"]


async def test_a_lesson_gets_the_deck_now_or_when_it_is_converted(world: World) -> None:
    lesson, client = (await world.lesson())["id"], await world.client("lin")
    first = await made(world, ("光.pdf", pdf(THREE)))
    given = await client.put(f"/api/lessons/{lesson}/deck", json={"deck_id": first["id"]})
    assert given.json()["pages"] == 3
    room = world.live.decks[-1][1]
    assert room is not None and room.widths == (640, 1280, 1920) and room.titles[0] == "Chapter 1"
    assert room.ratios == (1.778,)
    page = await (await world.client("yang")).get(room.page_url.replace("{page}", "1") + "&w=640")
    assert page.headers["content-type"] == "image/webp" and "immutable" in page.headers["cache-control"]
    second = await made(world, ("新.png", picture()), convert=False)
    waiting = await client.put(f"/api/lessons/{lesson}/deck", json={"deck_id": second["id"]})
    assert waiting.json()["pages"] == 3
    coming = (await client.get(f"/api/lessons/{lesson}/deck")).json()
    assert coming["coming"]["id"] == second["id"] and len(coming["page_list"]) == 3
    await world.convert()
    after = (await client.get(f"/api/lessons/{lesson}/deck")).json()
    assert after["coming"] is None and [page["title"] for page in after["page_list"]] == ["新"]
    room = world.live.decks[-1][1]
    assert room is not None and room.pages == 1


async def test_a_deck_that_failed_is_given_to_no_lesson(world: World) -> None:
    lesson, client = (await world.lesson())["id"], await world.client("lin")
    broken = await made(world, ("光.pdf", b"%PDF-1.7"))
    answer = await client.put(f"/api/lessons/{lesson}/deck", json={"deck_id": broken["id"]})
    assert (answer.status_code, answer.json()["code"]) == (409, "deck_state")


async def test_a_school_shares_its_decks_and_nobody_else_sees_them(world: World) -> None:
    deck = await made(world, ("光.pdf", pdf(THREE)))
    colleague, stranger = await world.client("zhou"), await world.client("yang")
    assert [one["id"] for one in (await colleague.get("/api/decks")).json()["items"]] == [deck["id"]]
    assert (await colleague.delete(f"/api/decks/{deck['id']}")).status_code == 403
    assert (await stranger.get("/api/decks")).json()["items"] == []
    lesson = (await world.lesson(by="yang", classroom_ids=[], paired_school_id=None))["id"]
    taken = await stranger.put(f"/api/lessons/{lesson}/deck", json={"deck_id": deck["id"]})
    assert (taken.status_code, taken.json()["code"]) == (404, "deck_unknown")


async def test_a_removed_deck_leaves_nothing_but_what_lessons_have(world: World) -> None:
    client, lesson = await world.client("lin"), (await world.lesson())["id"]
    deck = await made(world, ("光.pdf", pdf(THREE)))
    other = await made(world, ("二.pdf", pdf((("Other", "page"),))))
    await client.put(f"/api/lessons/{lesson}/deck", json={"deck_id": deck["id"]})
    before = _page_files(world.folder)
    for one in (deck, other):
        assert (await client.delete(f"/api/decks/{one['id']}")).status_code == 204
    assert (await client.get(f"/api/decks/{deck['id']}")).status_code == 404
    await world.convert()
    assert list((world.folder / "decks").iterdir()) == [] and len(before) - len(_page_files(world.folder)) == 3
    assert (await client.get(f"/api/lessons/{lesson}/pages/3")).status_code == 200


async def test_a_deck_that_is_removed_while_it_is_converted_stops(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    deck = await made(world, ("光.pdf", pdf(THREE)), convert=False)
    client, keep = await world.client("lin"), PageFiles.put

    async def put(self: PageFiles, data: bytes) -> str:
        await client.delete(f"/api/decks/{deck['id']}")
        return await keep(self, data)

    monkeypatch.setattr(PageFiles, "put", put)
    await world.convert()
    assert list((world.folder / "decks").iterdir()) == []
    async with world.database.write() as tx:
        assert await claim_job(tx, "deck", "me", 1 << 60, 1) is None


def _page_files(folder: Path) -> list[Path]:
    return [file for file in (folder / "pages").rglob("*") if file.is_file()]
