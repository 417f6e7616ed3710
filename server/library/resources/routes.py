"""HTTP of resources: docs/http.md, the rows under `/api/resources`."""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import quote

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import Route

from server.asking import asker_of, require_person
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer, no_content, read_json
from server.library.resources import shown
from server.library.resources.crate import dublin_core, ro_crate
from server.library.resources.finding import PAGE, View
from server.library.resources.life import Step
from server.library.resources.material import SHOWN
from server.library.resources.model import Kind, Metadata, Scope
from server.library.resources.standard import CURRENT, STANDARDS, Mark

_Id = Annotated[str, msgspec.Meta(min_length=1, max_length=16)]
_Revision = Annotated[int, msgspec.Meta(ge=1, le=1 << 31)]
_Text = Annotated[str, msgspec.Meta(max_length=1_000)]
_VIEWS: dict[str, View] = {"mine": "mine", "review": "review", "published": "published", "consent": "consent"}
_MAX_START = 10_000
# A document opened by mistake in the browser runs nothing and reaches nothing.
_FILE_POLICY = "default-src 'none'; img-src 'self' data:; media-src 'self'; style-src 'unsafe-inline'; sandbox"


class NewResource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/resources`."""

    kind: Kind
    title: Annotated[str, msgspec.Meta(max_length=80)] = ""


class Edited(Metadata, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of `PUT /api/resources/{id}`."""

    revision: _Revision


class Seen(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of steps: the revision that the page shows."""

    revision: _Revision


class Withdrawal(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/resources/{id}/withdraw`."""

    reason: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]


class NewNote(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/resources/{id}/notes`."""

    text: _Text
    at_ms: Annotated[int, msgspec.Meta(le=1 << 40)] | None = None


class Resolved(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PUT /api/resources/{id}/notes/{note}`."""

    is_done: bool
    answer: _Text = ""


class Verdict(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/resources/{id}/return` and `…/approve`."""

    standard: Annotated[str, msgspec.Meta(max_length=20)]
    marks: Annotated[tuple[Mark, ...], msgspec.Meta(max_length=50)]
    remark: Annotated[str, msgspec.Meta(max_length=2_000)] = ""


class NewConsent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/resources/{id}/consents`."""

    subject_id: _Id
    renditions: Annotated[
        tuple[Annotated[str, msgspec.Meta(max_length=40)], ...], msgspec.Meta(min_length=1, max_length=40)
    ]
    scope: Scope
    given_on: Annotated[str, msgspec.Meta(max_length=10)]
    how: Literal["paper", "in_person", "online"] = "paper"
    note: Annotated[str, msgspec.Meta(max_length=500)] = ""


class NewFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/resources/{id}/files`."""

    revision: _Revision
    upload: _Id
    classrooms: Annotated[tuple[_Id, ...], msgspec.Meta(max_length=60)] = ()


def _id(request: Request) -> str:
    return str(request.path_params["resource"])


def _step(request: Request) -> Step:
    return Step(request.url.path.rsplit("/", 1)[-1])  # each step has a route of its own


async def _sheet(request: Request, status: int = 200) -> Response:
    """Answer with the resource as it is now for whoever asks."""
    asker = await asker_of(request)
    return answer(
        shown.sheet(await services_of(request).library.resources.see(asker, _id(request)), asker.person), status
    )


async def list_resources(request: Request) -> Response:
    """`GET /api/resources`."""
    asker, query = await asker_of(request), request.query_params
    view, start = _VIEWS.get(query.get("view", "published")), query.get("start", "0")
    if view is None or not (start.isascii() and start.isdigit() and int(start) <= _MAX_START):
        raise field_invalid("view", "没有这样的列表。")
    narrowed = {name: query.get(name, "")[:100] for name in ("subject", "grade", "tier")}
    found = await services_of(request).library.resources.listed(
        asker, view, **narrowed, words=query.get("q", "")[:100], start=int(start)
    )
    items = [shown.brief(one, asker.person) for one in found]
    return answer({"items": items, "next": int(start) + PAGE if len(found) == PAGE else None})


async def make_resource(request: Request) -> Response:
    """`POST /api/resources`: an empty draft of material."""
    person = await require_person(request)
    body = await read_json(request, NewResource)
    return answer(
        shown.brief(await services_of(request).library.resources.make(person, body.kind, body.title), person), 201
    )


async def get_resource(request: Request) -> Response:
    """`GET /api/resources/{id}`."""
    return await _sheet(request)


async def edit_resource(request: Request) -> Response:
    """`PUT /api/resources/{id}`: all metadata at once."""
    person = await require_person(request)
    body = await read_json(request, Edited)
    await services_of(request).library.resources.edit(person, _id(request), body.revision, body)
    return await _sheet(request)


async def discard_resource(request: Request) -> Response:
    """`DELETE /api/resources/{id}`: a draft that was never published."""
    person = await require_person(request)
    body = await read_json(request, Seen)
    await services_of(request).library.resources.discard(person, _id(request), body.revision)
    return no_content()


async def take_step(request: Request) -> Response:
    """`POST /api/resources/{id}/{submit|recall|revise|publish|begin|release}`."""
    person, services = await require_person(request), services_of(request)
    body, resource_id, step = await read_json(request, Seen), _id(request), _step(request)
    match step:
        case Step.SUBMIT:
            await services.library.resources.submit(person, resource_id, body.revision)
        case Step.PUBLISH:
            await services.library.resources.publish(person, resource_id, body.revision)
        case Step.BEGIN:
            await services.library.reviews.begin(person, resource_id, body.revision)
        case Step.RELEASE:
            await services.library.reviews.release(person, resource_id)
        case _:
            await services.library.resources.step(person, resource_id, body.revision, step)
    return await _sheet(request)


async def withdraw_resource(request: Request) -> Response:
    """`POST /api/resources/{id}/withdraw`."""
    person = await require_person(request)
    body = await read_json(request, Withdrawal)
    await services_of(request).library.resources.withdraw(person, _id(request), body.reason)
    return await _sheet(request)


async def give_verdict(request: Request) -> Response:
    """`POST /api/resources/{id}/{return|approve}`."""
    person, reviews = await require_person(request), services_of(request).library.reviews
    body = await read_json(request, Verdict)
    give = reviews.approve if _step(request) is Step.APPROVE else reviews.give_back
    await give(person, _id(request), body.standard, body.marks, body.remark)
    return await _sheet(request)


async def add_note(request: Request) -> Response:
    """`POST /api/resources/{id}/notes`."""
    person = await require_person(request)
    body = await read_json(request, NewNote)
    await services_of(request).library.reviews.add_note(person, _id(request), body.at_ms, body.text)
    return await _sheet(request, 201)


async def resolve_note(request: Request) -> Response:
    """`PUT /api/resources/{id}/notes/{note}`."""
    person = await require_person(request)
    body, note = await read_json(request, Resolved), request.path_params["note"]
    await services_of(request).library.reviews.resolve(person, _id(request), note, body.answer, is_done=body.is_done)
    return await _sheet(request)


async def remove_note(request: Request) -> Response:
    """`DELETE /api/resources/{id}/notes/{note}`."""
    person = await require_person(request)
    await services_of(request).library.reviews.remove_note(person, _id(request), request.path_params["note"])
    return await _sheet(request)


async def record_consent(request: Request) -> Response:
    """`POST /api/resources/{id}/consents`."""
    person = await require_person(request)
    body = await read_json(request, NewConsent)
    await services_of(request).library.consents.record(
        person, _id(request), body.subject_id, body.renditions, body.scope, body.given_on, body.how, body.note
    )
    return await _sheet(request, 201)


async def revoke_consent(request: Request) -> Response:
    """`DELETE /api/resources/{id}/consents/{consent}`."""
    person = await require_person(request)
    await services_of(request).library.consents.revoke(person, _id(request), request.path_params["consent"])
    return await _sheet(request)


async def add_file(request: Request) -> Response:
    """`POST /api/resources/{id}/files`: of a whole upload."""
    person = await require_person(request)
    body = await read_json(request, NewFile)
    await services_of(request).library.material.add(person, _id(request), body.revision, body.upload, body.classrooms)
    return await _sheet(request, 201)


async def remove_file(request: Request) -> Response:
    """`DELETE /api/resources/{id}/files/{name}`."""
    person = await require_person(request)
    body = await read_json(request, Seen)
    await services_of(request).library.material.remove(person, _id(request), body.revision, request.path_params["name"])
    return await _sheet(request)


async def get_file(request: Request) -> Response:
    """`GET /api/resources/{id}/files/{name}`: films, sound and pictures in place, all else to be saved."""
    asker = await asker_of(request)
    path, file = await services_of(request).library.material.file(asker, _id(request), request.path_params["name"])
    kind = "inline" if file.mime.startswith(SHOWN) else "attachment"
    headers = {
        "content-disposition": f"{kind}; filename*=UTF-8''{quote(file.title, safe='')}",
        "cache-control": "private, no-cache",
        "content-security-policy": _FILE_POLICY,
        "etag": f'"{file.sha256}"',
    }
    return FileResponse(path, headers=headers, media_type=file.mime)


async def get_metadata(request: Request) -> Response:
    """`GET /api/resources/{id}/ro-crate-metadata.json` and `…/dublin-core.json`."""
    resources = services_of(request).library.resources
    sheet = await resources.see(await asker_of(request), _id(request))
    resource, files = sheet.resource, sheet.files
    if sheet.published is not None:
        out = await resources.hand_out(resource.id, sheet.published.audience)
        resource, files = sheet.published, () if out is None else out.files
    address = f"{request.url.scheme}://{request.url.netloc}/resources/{resource.id}"
    if request.url.path.endswith("/dublin-core.json"):
        return answer(dublin_core(resource, files, address))
    return answer(ro_crate(resource, files, address=address))


async def get_standard(request: Request) -> Response:
    """`GET /api/audit-standards`: the forms that reviews are made by."""
    await require_person(request)
    return answer({"current": CURRENT, "items": list(STANDARDS.values())})


def routes() -> list[Route]:
    """Return the routes of this domain."""
    one = "/api/resources/{resource}"
    steps = (Step.SUBMIT, Step.RECALL, Step.REVISE, Step.PUBLISH, Step.BEGIN, Step.RELEASE)
    return [
        Route("/api/audit-standards", get_standard, methods=["GET"]),
        Route("/api/resources", list_resources, methods=["GET"]),
        Route("/api/resources", make_resource, methods=["POST"]),
        Route(one, get_resource, methods=["GET"]),
        Route(one, edit_resource, methods=["PUT"]),
        Route(one, discard_resource, methods=["DELETE"]),
        Route(f"{one}/ro-crate-metadata.json", get_metadata, methods=["GET"]),
        Route(f"{one}/dublin-core.json", get_metadata, methods=["GET"]),
        Route(f"{one}/notes", add_note, methods=["POST"]),
        Route(f"{one}/notes/{{note}}", resolve_note, methods=["PUT"]),
        Route(f"{one}/notes/{{note}}", remove_note, methods=["DELETE"]),
        Route(f"{one}/consents", record_consent, methods=["POST"]),
        Route(f"{one}/consents/{{consent}}", revoke_consent, methods=["DELETE"]),
        Route(f"{one}/files", add_file, methods=["POST"]),
        Route(f"{one}/files/{{name}}", remove_file, methods=["DELETE"]),
        Route(f"{one}/files/{{name}}", get_file, methods=["GET"]),
        Route(f"{one}/withdraw", withdraw_resource, methods=["POST"]),
        *(Route(f"{one}/{step}", give_verdict, methods=["POST"]) for step in (Step.RETURN, Step.APPROVE)),
        *(Route(f"{one}/{step}", take_step, methods=["POST"]) for step in steps),
    ]
