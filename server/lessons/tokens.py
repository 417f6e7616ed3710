"""Room tokens: short-lived, signed by the server (JWS compact, HS256: RFC 7515, RFC 7519).

A token says which seat in which room; whoever holds it takes that seat, so it lives only as long as it takes to open
the socket. A socket that is open is not closed when its token expires: it resumes by its own resume token.
"""

from __future__ import annotations

from datetime import datetime

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from server.accounts.service import Clock, utc_now
from server.lessons.ports import Seat
from signaling.errors import Refused
from signaling.messages import RoomId
from signaling.roles import Role

TOKEN_LIFE_S = 300  # a device check and a slow page load fit in
WHIP_TOKEN_LIFE_S = 43_200  # typed into OBS in the morning, good for the school day
LEEWAY_S = 5  # tokens are made and read by servers whose clocks agree by NTP
MAX_TOKEN_BYTES = 4096


class SignedRoomTokens:
    """`RoomTokens` of ports.py."""

    def __init__(self, secret: bytes, clock: Clock = utc_now) -> None:
        self._key = OctKey.import_key(secret)
        self._clock = clock

    def issue(self, seat: Seat, life_s: int = TOKEN_LIFE_S) -> str:
        """Return a token for `seat` that is good for `life_s` seconds."""
        claims = {
            "aud": "room",
            "sub": seat.subject,
            "room": seat.room,
            "role": seat.role.value,
            "name": seat.name,
            "school": seat.school,
            "classroom": seat.classroom,
            "school_id": seat.school_id,
            "exp": _seconds(self._clock()) + life_s,
        }
        return jwt.encode({"alg": "HS256"}, claims, self._key)

    def verify(self, token: str) -> Seat:
        """Return the seat.

        Raises:
            Refused: `token_invalid` or `token_expired`.
        """
        invalid = Refused("token_invalid", "进入课堂的凭证无效，请从课程页面重新进入。")
        if len(token) > MAX_TOKEN_BYTES:
            raise invalid
        try:
            claims = jwt.decode(token, self._key, algorithms=["HS256"]).claims
            if claims["aud"] != "room":
                raise invalid
            seat = Seat(
                RoomId(str(claims["room"])),
                str(claims["sub"]),
                Role(claims["role"]),
                str(claims["name"]),
                str(claims["school"]),
                claims["classroom"],
                str(claims.get("school_id", "")),
            )
            expires = int(claims["exp"])
        except (JoseError, KeyError, ValueError, TypeError) as error:
            raise invalid from error
        if _seconds(self._clock()) > expires + LEEWAY_S:
            raise Refused("token_expired", "进入课堂的凭证已过期，请从课程页面重新进入。")
        return seat


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
