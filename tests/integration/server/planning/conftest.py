from __future__ import annotations

import io
from typing import Any

import pypdfium2
import pytest
from docx import Document

from tests.integration.server.conftest import World


class Workshop:
    """A world with one group that Lin leads."""

    def __init__(self, world: World, group: str) -> None:
        self.world = world
        self.group = group

    async def send(self, by: str, method: str, path: str, body: Any = None, expect: int = 200) -> Any:
        client = await self.world.client(by)
        answer = await client.request(method, path.replace("G", f"/api/groups/{self.group}"), json=body)
        assert answer.status_code == expect, answer.text
        return answer.json() if answer.content else None

    async def refused(self, by: str, method: str, path: str, body: Any = None) -> str:
        client = await self.world.client(by)
        answer = await client.request(method, path.replace("G", f"/api/groups/{self.group}"), json=body)
        assert answer.status_code >= 400, answer.text
        return str(answer.json()["code"])

    async def id_of(self, username: str) -> str:
        found = await self.world.person(username)
        assert found.person is not None
        return found.person.id

    async def invite(self, username: str, role: str = "member") -> str:
        body = {"person_id": await self.id_of(username), "role": role}
        sheet = await self.send("lin", "POST", "G/invitations", body, 201)
        return str(next(one["id"] for one in sheet["invitations"] if one["person"]["id"] == body["person_id"]))

    async def join(self, username: str, role: str = "member") -> None:
        invitation = await self.invite(username, role)
        await self.send(username, "POST", f"/api/invitations/{invitation}/accept", expect=204)

    async def kinds(self, by: str = "lin") -> list[str]:
        return [one["kind"] for one in (await self.send(by, "GET", "G/activity"))["items"]]


async def taken_out(world: World, by: str, path: str) -> dict[str, str]:
    """Return the words of what is taken out at this address, by form: as Word, as PDF, as Markdown."""
    client, found = await world.client(by), {}
    for form in ("docx", "pdf", "md"):
        answer = await client.get(f"{path}.{form}")
        assert answer.status_code == 200, answer.text
        found[form] = _words(form, answer.content)
    return found


def _words(form: str, data: bytes) -> str:
    """Return the words without white space: PDF breaks lines where it must."""
    if form == "docx":
        word = Document(io.BytesIO(data))
        cells = [cell.text for table in word.tables for row in table.rows for cell in row.cells]
        text = "".join([*(one.text for one in word.paragraphs), *cells])
    elif form == "pdf":
        with pypdfium2.PdfDocument(data) as document:
            text = "".join(page.get_textpage().get_text_range() for page in document)
    else:
        text = data.decode()
    return "".join(text.split())


@pytest.fixture
async def workshop(world: World) -> Workshop:
    body = {"kind": "jiaoyanzu", "name": "云岭小学科学教研组", "subject": "科学", "stage": "小学"}
    answer = await (await world.client("lin")).post("/api/groups", json=body)
    assert answer.status_code == 201, answer.text
    return Workshop(world, answer.json()["group"]["id"])
