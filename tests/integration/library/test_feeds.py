"""Feeds over HTTP: what is public and nothing else, in the forms that programs expect."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from xml.etree import ElementTree

import msgspec
import pytest
from sqlalchemy import select

from server.library.feeds import service
from server.library.resources import tables
from server.library.resources.tables import resource_versions, resources
from server.storage.database import Transaction
from tests.integration.library.published import FILM, Shelf, open_shelf

OAI = {"o": "http://www.openarchives.org/OAI/2.0/", "dc": "http://purl.org/dc/elements/1.1/"}
LIST = "/oai?verb=ListRecords&metadataPrefix=oai_dc"


@pytest.fixture
async def shelf(tmp_path: Path) -> AsyncIterator[Shelf]:
    async with open_shelf(tmp_path) as opened:
        yield opened


async def answer(shelf: Shelf, path: str) -> ElementTree.Element:
    got = await shelf.get(path)
    assert (got.status_code, got.headers["content-type"]) == (200, "text/xml; charset=utf-8")
    return ElementTree.fromstring(got.content)


def error_of(root: ElementTree.Element) -> str | None:
    found = root.find("o:error", OAI)
    return None if found is None else found.get("code")


async def test_a_podcast_player_finds_the_light_form_of_public_lessons(shelf: Shelf) -> None:
    async def items(path: str = "/feeds/rss.xml") -> list[ElementTree.Element]:
        got = await shelf.get(path)
        assert got.headers["content-type"].startswith("application/rss+xml")
        return ElementTree.fromstring(got.content).findall("channel/item")

    assert await items() == []
    await shelf.set_state("published", "region")
    await shelf.consent()
    assert await items() == [], "the region is not everybody"
    await shelf.set_state("withdrawn")
    await publish_again(shelf)
    (item,) = await items()
    enclosure = item.find("enclosure")
    assert enclosure is not None and item.findtext("title") == "水的三态"
    assert (enclosure.get("type"), enclosure.get("length")) == ("audio/webm", str(len(FILM)))
    address = str(enclosure.get("url")).removeprefix("http://localhost:8000")
    assert (await shelf.get(address)).content == FILM, "without logging in"
    school = await shelf.world.school_id("春城实验小学")
    lin = (await shelf.world.person("lin")).person
    assert lin is not None and lin.school is not None
    region = lin.school.region
    found = [
        len(await items(f"/feeds/rss.xml?{one}"))
        for one in (
            f"school={school}",
            "school=other",
            "subject=科学",
            "subject=语文",
            f"region={region}",
            "region=他县",
        )
    ]
    assert found == [1, 0, 1, 0, 1, 0]
    assert (await shelf.get(f"/feeds/rss.xml?region={'x' * 81}")).status_code == 422


async def publish_again(shelf: Shelf) -> None:
    async with shelf.world.database.write() as tx:
        work = await tables.find(tx, shelf.resource)
        assert work is not None
        await tables.save(tx, msgspec.structs.replace(work, version=work.version + 1, state="draft"))
    await shelf.set_state("published")


async def test_a_catalogue_harvests_what_is_public(shelf: Shelf) -> None:
    about = await answer(shelf, "/oai?verb=Identify")
    assert about.findtext("o:Identify/o:deletedRecord", None, OAI) == "persistent"
    assert about.findtext("o:Identify/o:baseURL", None, OAI) == "http://localhost:8000/oai"
    assert error_of(await answer(shelf, LIST)) == "noRecordsMatch", "a draft is nobody's business"
    await shelf.consent()
    await shelf.set_state("published")
    root = await answer(shelf, LIST)
    assert root.findtext(".//dc:title", None, OAI) == "水的三态"
    assert "guest" not in ElementTree.tostring(root, "unicode")
    identifier = root.findtext(".//o:header/o:identifier", "", OAI)
    one = await answer(shelf, f"/oai?verb=GetRecord&metadataPrefix=oai_dc&identifier={identifier}")
    assert one.findtext(".//dc:creator", None, OAI) == "林晓云"
    formats = await answer(shelf, f"/oai?verb=ListMetadataFormats&identifier={identifier}")
    assert formats.findtext(".//o:metadataPrefix", None, OAI) == "oai_dc"
    for path in ("verb=GetRecord&metadataPrefix=oai_dc&identifier=x", "verb=ListMetadataFormats&identifier=x"):
        assert error_of(await answer(shelf, f"/oai?{path}")) == "idDoesNotExist"
    client = await shelf.by(None)
    posted = await client.post("/oai", data={"verb": "ListIdentifiers", "metadataPrefix": "oai_dc"})
    assert ElementTree.fromstring(posted.content).findtext(".//o:identifier", None, OAI) == identifier
    assert error_of(await answer(shelf, f"{LIST}&until=2020-01-01")) == "noRecordsMatch"


async def test_what_was_withdrawn_stays_in_the_list_as_deleted(shelf: Shelf) -> None:
    await shelf.set_state("published")
    shelf.world.clock.ahead = timedelta(hours=1)
    await shelf.set_state("withdrawn")
    header = (await answer(shelf, LIST)).find(".//o:header", OAI)
    assert header is not None and header.get("status") == "deleted"
    assert (await answer(shelf, LIST)).find(".//o:metadata", OAI) is None


async def test_a_long_list_comes_in_pieces(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(service, "PAGE", 1)
    await shelf.set_state("published")
    async with shelf.world.database.write() as tx:
        for name in "ab":
            await copy_resource(tx, shelf.resource, name)
    seen, path, rest = [], LIST, None
    for _ in range(5):
        root = await answer(shelf, path)
        seen += [one.text for one in root.iterfind(".//o:identifier", OAI)]
        rest = root.findtext(".//o:resumptionToken", None, OAI)
        if not rest:
            break
        path = f"/oai?verb=ListRecords&resumptionToken={rest}"
    assert len(seen) == len(set(seen)) == 3
    assert rest == "", "an empty token ends a list of several pieces"


async def copy_resource(tx: Transaction, resource: str, name: str) -> None:
    for table, key in ((resources, "id"), (resource_versions, "resource_id")):
        row = (await tx.execute(select(table).where(table.c[key] == resource))).one()
        changes = {key: f"copy{name}"} | ({"recording_id": None} if key == "id" else {})
        await tx.execute(table.insert().values(dict(row._mapping) | changes))
