"""Bodies of requests to a school's library."""

from __future__ import annotations

from typing import Annotated

import msgspec

_Text = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]


class PairBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/pair`."""

    url: _Text
    code: Annotated[str, msgspec.Meta(min_length=8, max_length=20)]


class TrustBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/trust`."""

    root: Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]


class FetchBody(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/fetch`; an empty `peer`: from the platform."""

    pack: Annotated[str, msgspec.Meta(pattern="^[A-Za-z0-9-]{1,40}$")]
    peer: Annotated[str, msgspec.Meta(max_length=200)] = ""


class StickImport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/sticks/import`."""

    stick: _Text
    path: _Text


class StickExport(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/sticks/export`."""

    stick: _Text
    packs: Annotated[tuple[str, ...], msgspec.Meta(min_length=1, max_length=500)]
    as_zip: bool = False


class NewUpload(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/uploads`."""

    name: _Text
    bytes: Annotated[int, msgspec.Meta(ge=1, le=1 << 38)]
