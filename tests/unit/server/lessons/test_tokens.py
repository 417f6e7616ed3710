from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, strategies as st
from joserfc import jwt
from joserfc.jwk import OctKey

from server.lessons.ports import Seat
from server.lessons.tokens import LEEWAY_S, TOKEN_LIFE_S, SignedRoomTokens
from signaling.errors import Refused
from signaling.messages import RoomId
from signaling.roles import Role

SECRET = bytes(range(32))
SEAT = Seat(RoomId("abcdefgh"), "device:1", Role.CLASSROOM, "五年级一班", "红星小学", "room1")


class Clock:
    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now


def test_a_token_gives_its_seat_back() -> None:
    tokens = SignedRoomTokens(SECRET, Clock())
    assert tokens.verify(tokens.issue(SEAT)) == SEAT


def test_it_expires() -> None:
    clock = Clock()
    tokens = SignedRoomTokens(SECRET, clock)
    token = tokens.issue(SEAT)
    clock.now += timedelta(seconds=TOKEN_LIFE_S + LEEWAY_S)
    assert tokens.verify(token) == SEAT
    clock.now += timedelta(seconds=1)
    with pytest.raises(Refused) as caught:
        tokens.verify(token)
    assert caught.value.code == "token_expired"


def forged(claims: dict[str, object], algorithm: str = "HS256", secret: bytes = SECRET) -> str:
    return jwt.encode({"alg": algorithm}, claims, OctKey.import_key(secret), algorithms=[algorithm])


GOOD: dict[str, object] = {
    "aud": "room",
    "sub": "x",
    "room": "abcdefgh",
    "role": "lecturer",
    "name": "x",
    "school": "x",
    "classroom": None,
    "exp": 4e9,
}


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b.c",
        "x" * 5000,
        forged(GOOD, secret=bytes(32)),
        forged(GOOD, algorithm="HS512"),
        forged({**GOOD, "aud": "session"}),
        forged({**GOOD, "role": "king"}),
        forged({key: value for key, value in GOOD.items() if key != "room"}),
        forged({**GOOD, "exp": "soon"}),
        "eyJhbGciOiJub25lIn0.eyJhdWQiOiJyb29tIn0.",
    ],
)
def test_a_forged_or_broken_token_is_refused(token: str) -> None:
    with pytest.raises(Refused) as caught:
        SignedRoomTokens(SECRET, Clock()).verify(token)
    assert caught.value.code == "token_invalid"


@given(st.text())
def test_no_text_makes_it_stumble(text: str) -> None:
    with pytest.raises(Refused):
        SignedRoomTokens(SECRET, Clock()).verify(text)
