from __future__ import annotations

import json

import pytest
from starlette.exceptions import HTTPException

from server.fields import field_invalid
from server.problems import problem_of, problem_response
from signaling.errors import ProtocolViolation, Refused, TongtangError, Unavailable


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (ProtocolViolation("json_malformed", "x"), 400),
        (Refused("login_wrong", "x"), 401),
        (Refused("token_expired", "x"), 401),
        (Refused("not_allowed", "x"), 403),
        (Refused("lesson_unknown", "x"), 404),
        (Refused("codec_unsupported", "x"), 406),
        (Refused("lesson_state", "x"), 409),
        (Refused("username_taken", "x"), 409),
        (ProtocolViolation("body_too_large", "x"), 413),
        (Refused("too_many_attempts", "x"), 429),
        (Unavailable("busy", "x"), 503),
        (Unavailable("disk_full", "x"), 507),
    ],
)
def test_the_status_follows_from_code_or_kind(error: TongtangError, status: int) -> None:
    problem = problem_of(error)
    assert (problem.status, problem.code, problem.detail) == (status, error.code, "x")


def test_the_shape_is_problem_details() -> None:
    response = problem_response(problem_of(field_invalid("title", "太长了。")))
    assert response.status_code == 422
    assert response.media_type == "application/problem+json"
    assert json.loads(bytes(response.body)) == {
        "type": "about:blank",
        "status": 422,
        "code": "field_invalid",
        "title": "填写有误",
        "detail": "“课题”填写有误：太长了。",
        "field": "title",
    }


def test_no_field_is_said_where_none_is_wrong() -> None:
    assert "field" not in json.loads(bytes(problem_response(problem_of(Refused("not_allowed", "x"))).body))


def test_our_own_mistake_is_told_without_its_words() -> None:
    problem = problem_of(ValueError("secret path /etc/x"))
    assert problem.status == 500 and problem.code == "internal_error"
    assert "secret" not in problem.detail


@pytest.mark.parametrize("status", [404, 405, 418])
def test_errors_of_the_framework_have_our_shape(status: int) -> None:
    problem = problem_of(HTTPException(status))
    assert problem.status == status and problem.code and problem.detail
