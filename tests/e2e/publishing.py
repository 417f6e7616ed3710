"""Bringing a finished recording out, as its people do: consent, review by another, publication."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from server.library.resources.standard import CURRENT, STANDARDS
from tests.e2e.school import Region, eventually

_TOLD = (
    "title", "subject", "grade", "edition", "language", "tier", "licence", "flow", "description", "contributors",
    "audience",
)  # fmt: skip
_GOOD = [{"item": one.id, "value": 4 if one.kind == "score" else 1} for one in STANDARDS[CURRENT].items]


def publish(school: Region, recording: str, audience: str = "public") -> str:
    """Publish a recording that nobody but its lecturer is in; return the resource's id."""

    def drafted() -> str | None:
        items = school.lecturer.get("/api/resources?view=mine")["items"]
        return next((str(one["id"]) for one in items if one.get("recording_id") == recording), None)

    one = f"/api/resources/{eventually('the recording has its draft', drafted, 20)}"
    sheet: dict[str, Any] = school.lecturer.get(one)
    changed = {"audience": audience, "licence": "CC-BY-4.0", "revision": sheet["revision"]}
    school.lecturer.put(one, {name: sheet[name] for name in _TOLD} | changed)
    today = datetime.now(UTC).date().isoformat()
    for need in sheet["needs"]:
        assert need["kind"] == "person", "pupils are in it: their teachers have to consent"
        consent = {"subject_id": need["id"], "renditions": need["renditions"], "scope": "public", "given_on": today}
        school.lecturer.post(f"{one}/consents", consent)
    _let_out(school, one)
    return one.rpartition("/")[2]


def publish_worksheet(school: Region, title: str) -> str:
    """Publish a text that shows nobody; return the resource's id."""
    made = school.lecturer.post("/api/resources", {"kind": "document", "title": title})
    one = f"/api/resources/{made['id']}"
    upload = school.lecturer.upload(f"{title}.txt", f"{title}：材料和步骤".encode(), "resource")
    school.lecturer.post(f"{one}/files", {"upload": upload, "revision": made["revision"]})
    sheet = school.lecturer.get(one)
    school.lecturer.put(
        one, {name: sheet[name] for name in _TOLD} | {"audience": "region", "revision": sheet["revision"]}
    )
    _let_out(school, one)
    return str(made["id"])


def _let_out(school: Region, one: str) -> None:
    _step(school, one, "submit", by=school.lecturer)
    _step(school, one, "begin", by=school.manager)
    school.manager.post(f"{one}/approve", {"standard": CURRENT, "marks": _GOOD})
    _step(school, one, "publish", by=school.lecturer)


def _step(school: Region, one: str, step: str, by: Any) -> None:
    by.post(f"{one}/{step}", {"revision": school.lecturer.get(one)["revision"]})
