"""ZIM and cmi5 over HTTP: the same content and the same refusals as the offline pack."""

from __future__ import annotations

import io
import zipfile
from collections.abc import AsyncIterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
from libzim.reader import Archive

from tests.integration.library.packed import PLAYER, open_published
from tests.integration.library.published import FILM, Shelf, open_shelf

BOTH = ("{}.zim", "{}/cmi5.zip")


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with open_published(tmp_path) as opened:
        yield opened


async def taken(shelf: Shelf, form: str, tiers: str = "light,original,guest") -> bytes:
    answer = await shelf.get(f"/api/packs/{form.format(shelf.resource)}?tiers={tiers}", "lin")
    assert answer.status_code == 200, answer.text
    assert int(answer.headers["content-length"]) == len(answer.content)
    return answer.content


async def test_zim_holds_what_the_pack_holds(shelf: Shelf, tmp_path: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(await taken(shelf, "{}.zip"))) as pack:
        files = {name: pack.read(name) for name in pack.namelist()}
    (tmp_path / "a.zim").write_bytes(await taken(shelf, "{}.zim"))
    book = Archive(tmp_path / "a.zim")
    assert book.check()
    assert book.entry_count == len(files) - 2  # all but what is the pack's own
    for name in files.keys() - {"mimetype", "manifest.dsse.json", "pack.js"}:
        assert bytes(book.get_entry_by_path(f"{shelf.resource}/{name}").get_item().content) == files[name], name
    assert book.main_entry.get_item().path == f"{shelf.resource}/index.html"
    assert book.get_entry_by_path(f"{shelf.resource}/light.webm").get_item().mimetype == "audio/webm"
    script = bytes(book.get_entry_by_path(f"{shelf.resource}/pack.js").get_item().content).decode()
    assert '"told":"browser"' in script
    assert "李小雨" not in script
    assert [book.get_metadata(name).decode() for name in ("Title", "Language", "Publisher")] == [
        "水的三态",
        "zho",
        "春城实验小学",
    ]


async def test_zim_of_several_lessons_lists_them_and_has_the_player_once(shelf: Shelf, tmp_path: Path) -> None:
    path = f"/api/packs.zim?resources={shelf.resource},{shelf.resource}"
    (tmp_path / "one.zim").write_bytes((await shelf.get(path, "lin")).content)
    assert Archive(tmp_path / "one.zim").main_entry.get_item().path.endswith("/index.html"), "twice is once"
    for wanted in ("", ",".join(f"r{number}" for number in range(61))):
        answer = await shelf.get(f"/api/packs.zim?resources={wanted}", "lin")
        assert (answer.status_code, answer.json()["code"]) == (422, "offline_many")


async def test_cmi5_package_holds_the_lesson_and_who_speaks_for_it(shelf: Shelf) -> None:
    data = await taken(shelf, "{}/cmi5.zip", "light")
    with zipfile.ZipFile(io.BytesIO(data)) as package:
        assert package.testzip() is None
        assert package.namelist()[0] == "cmi5.xml"
        root = ElementTree.fromstring(package.read("cmi5.xml"))
        assert package.read("player.js").decode() == PLAYER
        assert package.read("light.webm") == FILM
        page = package.read("index.html").decode()
        assert '"told":"lms"' in package.read("pack.js").decode()
    assert root[0].get("id") == f"urn:tongtang:course:{shelf.resource}"
    assert page.index("cmi5.js") < page.index("start.js")


@pytest.mark.parametrize("form", BOTH)
async def test_exports_are_sent_in_ranges_and_refused_as_packs_are(shelf: Shelf, form: str) -> None:
    whole = await taken(shelf, form, "light")
    path = f"/api/packs/{form.format(shelf.resource)}"
    part = await shelf.get(path, "lin", range="bytes=500-1499")
    assert (part.status_code, part.content) == (206, whole[500:1500])
    again = await shelf.get(path, "lin", **{"if-none-match": part.headers["etag"]})
    assert again.status_code == 304
    codes = [(await shelf.get(f"{path}?tiers=guest", "lin")).json()["code"]]
    (shelf.folder / "light.webm").unlink()
    (shelf.folder / "resource.json").touch()
    codes.append((await shelf.get(path, "lin")).json()["code"])
    await shelf.set_state("withdrawn")
    codes.append((await shelf.get(path, "lin")).json()["code"])
    assert codes == ["offline_tier", "offline_unready", "resource_unknown"]


async def test_what_only_a_school_may_see_is_not_exported_to_others(tmp_path: Path) -> None:
    async with open_shelf(tmp_path) as shelf:
        await shelf.consent()
        await shelf.set_state("published", audience="school")
        for form in ("{}.zip", *BOTH):
            answer = await shelf.get(f"/api/packs/{form.format(shelf.resource)}")
            assert (answer.status_code, answer.json()["code"]) == (404, "resource_unknown"), form
