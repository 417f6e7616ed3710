"""JSON in and out of HTTP: one way to read a body, one way to answer."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from typing import Any, TypeVar

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from server.fields import field_invalid
from signaling.errors import ProtocolViolation

MAX_JSON_BYTES = 65_536  # the largest body of docs/http.md is a lesson with 60 classrooms: 2 kB

_T = TypeVar("_T")
_AT = re.compile(r"at `\$\.?([a-z0-9_]*)")
_MISSING = re.compile(r"required field `([a-z0-9_]+)`")


async def read_json(request: Request, kind: type[_T]) -> _T:
    """Return the request's body as a `kind`.

    Raises:
        ProtocolViolation: `body_too_large` or `json_malformed`.
        FieldInvalid: a field is missing, of another type or out of its range.
    """
    data = await read_body(request, MAX_JSON_BYTES)
    try:
        return msgspec.json.decode(data, type=kind)
    except msgspec.ValidationError as error:
        text = str(error)
        missing = _MISSING.search(text)
        at = _AT.search(text)
        if missing is None and (at is None or not at.group(1)):
            raise ProtocolViolation("json_malformed", "请求内容不是预期的格式。") from error
        if missing:
            raise field_invalid(missing.group(1), "这一项不能缺少。") from error
        assert at is not None
        raise field_invalid(at.group(1)) from error
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ProtocolViolation("json_malformed", "请求内容不是正确的 JSON。") from error


async def read_body(request: Request, limit_bytes: int) -> bytes:
    """Return the request's body, which may not be longer than `limit_bytes`.

    Raises:
        ProtocolViolation: `body_too_large`.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > limit_bytes:
            raise ProtocolViolation("body_too_large", f"请求内容太大，最多 {limit_bytes // 1024} KB。")
    return bytes(body)


def answer(content: Any, status: int = 200) -> Response:
    """Return `content` (anything that msgspec encodes) as JSON that nobody caches."""
    return Response(msgspec.json.encode(content), status, {"cache-control": "no-store"}, media_type="application/json")


def answer_list(items: Any) -> Response:
    """Return a list the way docs/http.md has lists."""
    return answer({"items": list(items)})


def no_content() -> Response:
    """Return 204."""
    return Response(status_code=204)


def iso(epoch_ms: int) -> str:
    """Return UTC epoch milliseconds as ISO 8601."""
    return datetime.fromtimestamp(epoch_ms / 1000, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
