"""HTTP of what hangs on a plan: docs/http.md, the rows under `/api/plans/{id}/…`."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import FileResponse, Response
from starlette.routing import BaseRoute, Route

from server.asking import require_person
from server.context import services_of
from server.fields import field_invalid
from server.json_http import answer, answer_list, no_content, read_body, read_json
from server.planning.plans.mentions import MAX_MENTIONED
from server.planning.plans.model import (
    MAX_REMARK,
    MAX_REPLACEMENT,
    MAX_TITLE,
    Anchor,
    Comment,
    CommentKind,
    Day,
    Id,
    Version,
)
from server.planning.plans.pictures import MAX_PICTURE_BYTES
from server.planning.plans.places import Found
from server.planning.plans.remarks import Remark
from server.planning.plans.routes import plan_id_of

_Named = Annotated[tuple[Id, ...], msgspec.Meta(max_length=MAX_MENTIONED)]
_Words = Annotated[str, msgspec.Meta(max_length=MAX_REMARK)]
_PICTURE_POLICY = "default-src 'none'; sandbox"  # a picture that is opened by itself runs nothing


class NewVersion(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/plans/{id}/versions`."""

    name: Annotated[str, msgspec.Meta(max_length=MAX_TITLE)] = ""
    is_final: bool = False


class NewComment(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/plans/{id}/comments`."""

    kind: CommentKind
    text: _Words = ""
    anchor: Anchor | None = None
    replacement: Annotated[str, msgspec.Meta(max_length=MAX_REPLACEMENT)] | None = None
    mentions: _Named = ()


class NewReply(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/plans/{id}/comments/{comment}/replies`."""

    text: _Words
    mentions: _Named = ()


class Named(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/plans/{id}/mentions`."""

    person_id: Id


class NewTask(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/plans/{id}/tasks`."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=500)]
    owner_id: Id
    due: Day | None = None


class Done(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `PATCH /api/plans/{id}/tasks/{task}`."""

    done: bool


def _number(request: Request, name: str = "number") -> int:
    return int(request.path_params[name])


# --- versions -------------------------------------------------------------------------------------------------------


def _version(one: Version) -> dict[str, Any]:
    """Return what is said of a version: not what it holds."""
    return {name: getattr(one, name) for name in Version.__struct_fields__}


async def list_versions(request: Request) -> Response:
    """`GET /api/plans/{id}/versions`."""
    person, versions = await require_person(request), services_of(request).planning.plans.versions
    return answer_list(_version(one) for one in await versions.listed(person, plan_id_of(request)))


async def make_version(request: Request) -> Response:
    """`POST /api/plans/{id}/versions`."""
    person, versions = await require_person(request), services_of(request).planning.plans.versions
    body = await read_json(request, NewVersion)
    made = await versions.make(person, plan_id_of(request), body.name, is_final=body.is_final)
    return answer(_version(made), 201)


async def compare_versions(request: Request) -> Response:
    """`GET /api/plans/{id}/versions/{n}/compare?with=m`; without `with`: against what is written now."""
    person, versions = await require_person(request), services_of(request).planning.plans.versions
    asked = request.query_params.get("with")
    if asked is not None and not (asked.isascii() and asked.isdigit() and len(asked) < 6):
        raise field_invalid("with", "没有这个版本。")
    other = None if asked is None else int(asked)
    return answer_list(await versions.compared(person, plan_id_of(request), _number(request), other))


async def restore_version(request: Request) -> Response:
    """`POST /api/plans/{id}/versions/{n}/restore`: a new edit; answers with the version of what stood there before."""
    person, versions = await require_person(request), services_of(request).planning.plans.versions
    made = await versions.restore(person, plan_id_of(request), _number(request))
    return answer(_version(made))


async def renew_document(request: Request) -> Response:
    """`POST /api/plans/{id}/renew`: the same words without their history."""
    person = await require_person(request)
    await services_of(request).planning.plans.versions.renew(person, plan_id_of(request))
    return no_content()


# --- comments -------------------------------------------------------------------------------------------------------


def _comment(one: Comment, place: Found | None = None) -> dict[str, Any]:
    where = {} if place is None else {"place": {"state": place.state, "words": place.words}}
    return {**msgspec.to_builtins(one), **where}


def _comment_id(request: Request) -> str:
    return str(request.path_params["comment"])


async def list_comments(request: Request) -> Response:
    """`GET /api/plans/{id}/comments`; with `?placed=1` also where they stand now."""
    person, remarks = await require_person(request), services_of(request).planning.plans.remarks
    plan_id = plan_id_of(request)
    found = await remarks.listed(person, plan_id)
    placed = await remarks.placed(plan_id, found) if request.query_params.get("placed") == "1" else {}
    return answer_list(_comment(one, placed.get(one.id)) for one in found)


async def add_comment(request: Request) -> Response:
    """`POST /api/plans/{id}/comments`."""
    person, remarks = await require_person(request), services_of(request).planning.plans.remarks
    body = await read_json(request, NewComment)
    remark = Remark(**{name: getattr(body, name) for name in Remark.__struct_fields__})
    return answer(_comment(await remarks.add(person, plan_id_of(request), remark)), 201)


async def add_reply(request: Request) -> Response:
    """`POST /api/plans/{id}/comments/{comment}/replies`."""
    person, remarks = await require_person(request), services_of(request).planning.plans.remarks
    body = await read_json(request, NewReply)
    plan_id, comment_id = plan_id_of(request), _comment_id(request)
    return answer(_comment(await remarks.reply(person, plan_id, comment_id, body.text, body.mentions)), 201)


async def settle_comment(request: Request) -> Response:
    """`POST /api/plans/{id}/comments/{comment}/{resolve|reopen|decline|accept}`."""
    person, remarks = await require_person(request), services_of(request).planning.plans.remarks
    plan_id, comment_id, act = plan_id_of(request), _comment_id(request), request.url.path.rsplit("/", 1)[-1]
    if act == "accept":
        return answer(_comment(await remarks.accept(person, plan_id, comment_id)))
    return answer(_comment(await remarks.settle(person, plan_id, comment_id, is_resolved=act != "reopen")))


async def remove_comment(request: Request) -> Response:
    """`DELETE /api/plans/{id}/comments/{comment}`."""
    person, remarks = await require_person(request), services_of(request).planning.plans.remarks
    await remarks.remove(person, plan_id_of(request), _comment_id(request))
    return no_content()


# --- mentions -------------------------------------------------------------------------------------------------------


async def tell_mentioned(request: Request) -> Response:
    """`POST /api/plans/{id}/mentions`: somebody was named in the plan's text."""
    person, mentions = await require_person(request), services_of(request).planning.plans.mentions
    await mentions.tell(person, plan_id_of(request), (await read_json(request, Named)).person_id)
    return no_content()


async def look_at_mentions(request: Request) -> Response:
    """`POST /api/plans/{id}/mentions/seen`: where the asker was named since they looked last; they look now."""
    person, mentions = await require_person(request), services_of(request).planning.plans.mentions
    return answer_list(await mentions.look(person, plan_id_of(request)))


# --- tasks ----------------------------------------------------------------------------------------------------------


async def list_tasks(request: Request) -> Response:
    """`GET /api/plans/{id}/tasks`."""
    person, tasks = await require_person(request), services_of(request).planning.plans.tasks
    return answer_list(await tasks.listed(person, plan_id_of(request)))


async def add_task(request: Request) -> Response:
    """`POST /api/plans/{id}/tasks`."""
    person, tasks = await require_person(request), services_of(request).planning.plans.tasks
    body = await read_json(request, NewTask)
    return answer(await tasks.add(person, plan_id_of(request), body.text, body.owner_id, body.due), 201)


async def finish_task(request: Request) -> Response:
    """`PATCH /api/plans/{id}/tasks/{task}`."""
    person, tasks = await require_person(request), services_of(request).planning.plans.tasks
    body, task_id = await read_json(request, Done), str(request.path_params["task"])
    return answer(await tasks.finish(person, plan_id_of(request), task_id, is_done=body.done))


async def remove_task(request: Request) -> Response:
    """`DELETE /api/plans/{id}/tasks/{task}`."""
    person, tasks = await require_person(request), services_of(request).planning.plans.tasks
    await tasks.remove(person, plan_id_of(request), str(request.path_params["task"]))
    return no_content()


# --- pictures -------------------------------------------------------------------------------------------------------


async def add_picture(request: Request) -> Response:
    """`POST /api/plans/{id}/pictures`: the picture itself is the body."""
    person, pictures = await require_person(request), services_of(request).planning.plans.pictures
    plan_id = plan_id_of(request)
    picture = await pictures.add(person, plan_id, await read_body(request, MAX_PICTURE_BYTES))
    url = f"/api/plans/{plan_id}/pictures/{picture.sha256}"
    return answer({"url": url, "width": picture.width, "height": picture.height}, 201)


async def get_picture(request: Request) -> Response:
    """`GET /api/plans/{id}/pictures/{sha256}`."""
    person, pictures = await require_person(request), services_of(request).planning.plans.pictures
    picture, path = await pictures.see(person, plan_id_of(request), str(request.path_params["sha256"]))
    headers = {"cache-control": "private, max-age=31536000, immutable", "content-security-policy": _PICTURE_POLICY}
    return FileResponse(path, media_type=picture.mime, headers=headers)


def routes() -> list[BaseRoute]:
    """Return the routes of what hangs on a plan."""
    plan = "/api/plans/{plan}"
    version, comment = f"{plan}/versions/{{number:int}}", f"{plan}/comments/{{comment}}"
    return [
        Route(f"{plan}/versions", list_versions, methods=["GET"]),
        Route(f"{plan}/versions", make_version, methods=["POST"]),
        Route(f"{version}/compare", compare_versions, methods=["GET"]),
        Route(f"{version}/restore", restore_version, methods=["POST"]),
        Route(f"{plan}/renew", renew_document, methods=["POST"]),
        Route(f"{plan}/comments", list_comments, methods=["GET"]),
        Route(f"{plan}/comments", add_comment, methods=["POST"]),
        Route(f"{comment}/replies", add_reply, methods=["POST"]),
        *(
            Route(f"{comment}/{act}", settle_comment, methods=["POST"])
            for act in ("resolve", "reopen", "decline", "accept")
        ),
        Route(comment, remove_comment, methods=["DELETE"]),
        Route(f"{plan}/mentions", tell_mentioned, methods=["POST"]),
        Route(f"{plan}/mentions/seen", look_at_mentions, methods=["POST"]),
        Route(f"{plan}/tasks", list_tasks, methods=["GET"]),
        Route(f"{plan}/tasks", add_task, methods=["POST"]),
        Route(f"{plan}/tasks/{{task}}", finish_task, methods=["PATCH"]),
        Route(f"{plan}/tasks/{{task}}", remove_task, methods=["DELETE"]),
        Route(f"{plan}/pictures", add_picture, methods=["POST"]),
        Route(f"{plan}/pictures/{{sha256}}", get_picture, methods=["GET"]),
    ]
