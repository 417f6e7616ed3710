"""From exception to RFC 9457 problem details: the one place where HTTP errors get their shape.

The status follows from the error's code, or else from its kind. The WebSocket says the same codes in its own `error`
message; both take them from the tree in `signaling/errors.py`.
"""

from __future__ import annotations

import logging
from typing import Any

import msgspec
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from server.fields import FieldInvalid
from signaling.errors import ProtocolViolation, Refused, TongtangError, Unavailable

log = logging.getLogger("tongtang.http")

# Codes whose status is not the one of their kind.
_STATUS: dict[str, int] = {
    "login_wrong": 401,
    "not_logged_in": 401,
    "other_person": 401,
    "token_invalid": 401,
    "token_expired": 401,
    "too_many_attempts": 429,
    "field_invalid": 422,
    "cards_none": 422,
    "roster_invalid": 422,
    "question_invalid": 422,
    "answer_invalid": 422,
    "sheet_unsupported": 415,
    "sheet_broken": 422,
    "sheet_too_large": 413,
    "sheet_headings": 422,
    "body_too_large": 413,
    "body_stalled": 408,
    "file_empty": 422,
    "upload_too_large": 413,
    "upload_too_long": 413,
    "upload_offset": 409,
    "upload_taken_over": 409,
    "upload_incomplete": 409,
    "upload_broken": 422,
    "deck_unsupported": 415,
    "conflict": 409,
    "disk_full": 507,
    "codec_unsupported": 406,
    "content_type_unsupported": 415,
    "sdp_malformed": 400,
    "lesson_ended": 409,
    "lesson_cancelled": 409,
    "timetable_conflict": 409,
    "catchup_not_recorded": 409,
    "catchup_empty": 409,
    "catchup_too_old": 410,
    "catchup_range": 416,
    "catchup_busy": 429,
    "pack_range": 416,
    "link_expired": 410,
    "resource_changed": 409,
    "group_closed": 409,
    "already_member": 409,
    "lead_stays": 409,
    "rules_changed": 409,
    "gathering_changed": 409,
    "gathering_off": 409,
    "plan_changed": 409,
    "anchor_lost": 409,
    "anchor_crosses": 409,
    "resource_withdrawn": 409,
    "notes_open": 409,
    "material_unsupported": 415,
    "nothing_leaves": 409,
    "captions_invalid": 422,
    "captions_changed": 409,
    "gap_unwanted": 409,
    "gap_broken": 422,
    "agenda_changed": 409,
    "minutes_changed": 409,
    "resolution_closed": 409,
    "evidence_unknown": 422,
    "evidence_invalid": 422,
    "score_invalid": 422,
    "scores_missing": 409,
    "plan_not_final": 409,
    "cases_none": 409,
    "credit_not_posted": 409,
    "credit_rules_known": 409,
    "credit_rules_late": 422,
    "badge_not_earned": 409,
}
_SUFFIX: tuple[tuple[str, int], ...] = (("_unknown", 404), ("_state", 409), ("_taken", 409), ("_full", 409))
_PREFIX: tuple[tuple[str, int], ...] = (("offline_", 422),)  # what is wrong with an offline pack
_KIND: tuple[tuple[type[TongtangError], int], ...] = ((ProtocolViolation, 400), (Refused, 403), (Unavailable, 503))
_TITLES: dict[int, str] = {
    400: "请求有误",
    401: "需要登录",
    403: "没有权限",
    404: "没有找到",
    405: "不支持的操作",
    406: "格式不支持",
    408: "请求超时",
    409: "状态冲突",
    410: "已经没有",
    413: "内容太大",
    415: "格式不支持",
    416: "范围不对",
    422: "填写有误",
    429: "过于频繁",
    500: "服务器出错",
    503: "暂时不可用",
    507: "磁盘已满",
}
_HTTP_CODES = {
    404: ("path_unknown", "没有这个地址，请检查网址。"),
    405: ("method_unsupported", "这个地址不支持这种操作。"),
    413: ("body_too_large", "请求内容太大。"),
}


class Problem(msgspec.Struct, frozen=True, omit_defaults=True):
    """The body of an error (RFC 9457 §3.1) with our two extensions, `code` and `field`."""

    status: int
    code: str
    title: str
    detail: str
    field: str = ""


def status_of(error: TongtangError) -> int:
    """Return the HTTP status of the error."""
    if error.code in _STATUS:
        return _STATUS[error.code]
    for suffix, status in _SUFFIX:
        if error.code.endswith(suffix):
            return status
    for prefix, status in _PREFIX:
        if error.code.startswith(prefix):
            return status
    return next((status for kind, status in _KIND if isinstance(error, kind)), 500)


def problem_of(error: Exception) -> Problem:
    """Return what the other side is told about `error`; never its inner words when it is a mistake of ours."""
    if isinstance(error, TongtangError):
        status = status_of(error)
        field = error.field if isinstance(error, FieldInvalid) else ""
        return Problem(status, error.code, _TITLES.get(status, "请求未完成"), error.detail, field)
    if isinstance(error, HTTPException):
        code, detail = _HTTP_CODES.get(error.status_code, ("request_refused", "请求没有被接受。"))
        return Problem(error.status_code, code, _TITLES.get(error.status_code, "请求未完成"), detail)
    return Problem(500, "internal_error", _TITLES[500], "服务器内部出错，已经记录下来。请稍后再试。")


def problem_response(problem: Problem, headers: dict[str, str] | None = None) -> Response:
    """Return the problem as an HTTP response."""
    body: dict[str, Any] = {"type": "about:blank", **msgspec.to_builtins(problem)}
    return Response(
        msgspec.json.encode(body),
        problem.status,
        {"cache-control": "no-store", **(headers or {})},
        media_type="application/problem+json",
    )


async def on_error(request: Request, error: Exception) -> Response:
    """Answer an exception that left a route (a Starlette exception handler)."""
    problem = problem_of(error)
    headers: dict[str, str] = {}
    if isinstance(error, HTTPException) and error.headers:
        headers = dict(error.headers)
    if problem.status == 401 and request.url.path.startswith(("/whip", "/whep")):
        headers["www-authenticate"] = "Bearer"
    if problem.status >= 500 and not isinstance(error, TongtangError):
        log.error("%s %s failed", request.method, request.url.path, exc_info=error)
    elif problem.status >= 500:
        log.warning("%s %s: %s", request.method, request.url.path, error)
    return problem_response(problem, headers)
