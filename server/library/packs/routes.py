"""HTTP of offline packs and schools' libraries: docs/http.md, the rows under `/api/packs` and `/api/libraries`."""

from __future__ import annotations

import asyncio
import hashlib
from pathlib import Path
from typing import Annotated, Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import BaseRoute, Route

from recorder.pack import cmi5, zim
from recorder.pack.build import Built
from recorder.pack.dsse import Envelope, PublicKey
from recorder.pack.manifest import MIME
from recorder.pack.pieces import source_range
from recorder.pack.trust import fingerprint
from server.accounts.model import Asker
from server.accounts.rights import Right, require_right
from server.asking import address_of, asker_of, require_known, require_person
from server.context import Services
from server.json_http import answer, answer_list, no_content, read_json
from server.library.naming import attachment, saved_as
from server.library.packs.exports import Export, Exports
from server.library.packs.homes import LibraryHomes, asker_for
from server.library.packs.keys import KeyRing
from server.library.packs.model import MAX_USES, SchoolLibrary, Use
from server.library.packs.service import OfflinePacks
from server.ranges import ranged
from signaling.errors import Refused

_MAX_SECRET = 64
_PRIVATE = {"cache-control": "private, no-cache"}


class NewLibrary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/libraries`."""

    school_id: Annotated[str, msgspec.Meta(max_length=16)]
    name: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class PairLibrary(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/libraries/pair`."""

    code: Annotated[str, msgspec.Meta(min_length=8, max_length=20)]
    public_key: PublicKey


class BroughtUses(msgspec.Struct, frozen=True):
    """Body of `POST /api/packs/uses`: signed by a library, or plain, brought by a person."""

    signed: Envelope | None = None
    uses: Annotated[tuple[Use, ...], msgspec.Meta(max_length=MAX_USES)] = ()


def routes(services: Services, dist: Path) -> list[BaseRoute]:
    """Return the routes; the player that packs take along lies in `dist`. Makes the root key when there is none.

    Raises:
        Unavailable: `storage_unwritable`, `disk_full` or `key_broken`.
    """
    data = services.settings.data
    packs = OfflinePacks(
        services.database, services.library.resources, KeyRing(data / "keys"), data / "recordings", dist / "player"
    )
    homes = LibraryHomes(services.database)
    exports = Exports(packs, dist / "player")
    return [*_export_routes(exports, homes), *_pack_routes(packs, homes), *_library_routes(homes, packs)]


async def _asker(request: Request, homes: LibraryHomes) -> Asker:
    """Return who asks: a school's library by its secret, else whoever is logged in."""
    secret = request.headers.get("authorization", "").removeprefix("Bearer ")
    if secret and len(secret) <= _MAX_SECRET:
        return asker_for(await homes.library_of(secret))
    return await asker_of(request)


def _tiers(request: Request) -> list[str]:
    return [one for one in request.query_params.get("tiers", "light").split(",") if one]


def _export_routes(exports: Exports, homes: LibraryHomes) -> list[BaseRoute]:
    def sent(request: Request, found: Export, form: str, suffix: str, mime: str) -> Response:
        headers = _PRIVATE | {"content-disposition": attachment(saved_as("", found.title, form, f"x.{suffix}"))}
        return ranged(request, found.made.size, found.made.read, etag=found.etag, mime=mime, headers=headers)

    async def get_zim(request: Request) -> Response:
        one = request.path_params.get("resource")
        ids = [one] if one else [each for each in request.query_params.get("resources", "").split(",") if each]
        return sent(
            request, await exports.zim(await _asker(request, homes), ids, _tiers(request)), "Kiwix", "zim", zim.MIME
        )

    async def get_cmi5(request: Request) -> Response:
        found = await exports.cmi5(await _asker(request, homes), request.path_params["resource"], _tiers(request))
        return sent(request, found, "学习平台", "zip", cmi5.MIME)

    return [
        Route("/api/packs.zim", get_zim),
        Route("/api/packs/{resource}.zim", get_zim),
        Route("/api/packs/{resource}/cmi5.zip", get_cmi5),
    ]


def _pack_routes(packs: OfflinePacks, homes: LibraryHomes) -> list[BaseRoute]:
    async def asker(request: Request) -> Asker:
        return await _asker(request, homes)

    async def built(request: Request) -> Built:
        return await packs.pack(await asker(request), request.path_params["resource"], _tiers(request))

    async def list_packs(request: Request) -> Response:
        known = await asker(request)
        if not known.is_known:
            await require_known(request)
        return answer_list(await packs.listed(known, request.query_params.get("subject", "")))

    async def get_trust(request: Request) -> Response:
        keys = packs.keys
        listed = await packs.revocations()
        return answer({"root": keys.root, "fingerprint": fingerprint(keys.root), "revocations": listed})

    async def get_shapes(request: Request) -> Response:
        return answer(await packs.shapes(await asker(request), request.path_params["resource"]))

    async def get_zip(request: Request) -> Response:
        found = await built(request)
        name = attachment(saved_as("", found.manifest.title, "离线包", "x.zip"))
        tag = hashlib.sha256(found.signed).hexdigest()[:32]
        headers = _PRIVATE | {"content-disposition": name}
        return ranged(request, found.layout.size, found.layout.read, etag=tag, mime=MIME, headers=headers)

    async def get_single(request: Request) -> Response:
        made, title = await packs.single(await asker(request), request.path_params["resource"])
        headers = _PRIVATE | {
            "content-disposition": attachment(saved_as("", title, "手机单文件", "x.html")),
            "content-length": str(made.size),
            "content-security-policy": "sandbox",  # it is for taking along: on this site no script of it runs
        }
        if request.method == "HEAD":
            return Response(headers=headers, media_type="text/html")
        return StreamingResponse(made.read(), headers=headers, media_type="text/html")

    async def get_manifest(request: Request) -> Response:
        return Response((await built(request)).signed, headers=_PRIVATE, media_type="application/json")

    async def get_object(request: Request) -> Response:
        found, wanted = await built(request), request.path_params["sha256"]
        path = next((path for path, entry in found.manifest.files.items() if entry.sha256 == wanted), None)
        if path is None:
            raise Refused("file_unknown", "离线包里已经没有这个文件。请重新取目录再下载。")
        source, size = found.places[path], found.manifest.files[path].size
        mime = "application/octet-stream"
        return ranged(request, size, lambda start, end: source_range(source, start, end), etag=wanted, mime=mime)

    async def post_uses(request: Request) -> Response:
        body = await read_json(request, BroughtUses)
        if body.signed is not None:
            added, strange = await homes.report(body.signed)
        else:
            added, strange = await homes.bring(await require_person(request), body.uses)
        return answer({"added": added, "unknown": strange})

    async def get_uses(request: Request) -> Response:
        return answer_list(await homes.uses_of(await asker(request), request.path_params["resource"]))

    async def revoke_key(request: Request) -> Response:
        person, school = await require_person(request), request.path_params["school"]
        require_right(person, Right.REVOKE_KEYS, school, "只有区域管理员可以停用学校的签名密钥。")
        await homes.require_school(school)
        await asyncio.to_thread(packs.keys.revoke_school, school)
        return no_content()

    return [
        Route("/api/packs", list_packs),
        Route("/api/packs/trust", get_trust),
        Route("/api/packs/uses", post_uses, methods=["POST"]),
        Route("/api/packs/keys/{school}/revoke", revoke_key, methods=["POST"]),
        Route("/api/packs/{resource}.zip", get_zip),
        Route("/api/packs/{resource}/light.html", get_single),
        Route("/api/packs/{resource}/manifest", get_manifest),
        Route("/api/packs/{resource}/cas/{sha256}", get_object),
        Route("/api/packs/{resource}/uses", get_uses),
        Route("/api/packs/{resource}", get_shapes),
    ]


def _library_routes(homes: LibraryHomes, packs: OfflinePacks) -> list[BaseRoute]:
    async def add_library(request: Request) -> Response:
        person, body = await require_person(request), await read_json(request, NewLibrary)
        made, code = await homes.invite(person, body.school_id, body.name)
        return answer({**_shown(made), "code": code}, 201)

    async def pair_library(request: Request) -> Response:
        body = await read_json(request, PairLibrary)
        made, secret = await homes.pair(body.code, body.public_key, address_of(request))
        return answer({**_shown(made), "secret": secret, "root": packs.keys.root}, 201)

    async def list_libraries(request: Request) -> Response:
        person = await require_person(request)
        school = request.query_params.get("school", person.school_id or "")
        return answer_list(_shown(one) for one in await homes.of_school(person, school))

    async def drop_library(request: Request) -> Response:
        await homes.remove(await require_person(request), request.path_params["library"])
        return no_content()

    return [
        Route("/api/libraries", list_libraries),
        Route("/api/libraries", add_library, methods=["POST"]),
        Route("/api/libraries/pair", pair_library, methods=["POST"]),
        Route("/api/libraries/{library}", drop_library, methods=["DELETE"]),
    ]


def _shown(library: SchoolLibrary) -> dict[str, Any]:
    return {
        "id": library.id,
        "name": library.name,
        "school": library.school,
        "paired": library.is_paired,
        "seen_ms": library.seen_ms,
    }
