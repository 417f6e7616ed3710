"""Tickets to a plan's socket: short-lived, signed by the server (JWS compact, HS256: RFC 7515, RFC 7519).

A ticket says who connects to which plan; the author of whatever comes through the socket is the person of its ticket.
What they may do there is looked up when the socket opens, not carried in the ticket.
"""

from __future__ import annotations

from datetime import datetime

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OctKey

from server.accounts.service import Clock, utc_now
from signaling.errors import Refused

TICKET_LIFE_S = 30  # one round trip of a very slow link; a new one is fetched before every connect
LEEWAY_S = 5  # tickets are made and read by servers whose clocks agree by NTP
_MAX_TICKET = 1_024  # characters; ours have about 200


class Ticket(msgspec.Struct, frozen=True):
    """Who connects to which plan."""

    plan_id: str
    person_id: str


class Tickets:
    """Make and read tickets."""

    def __init__(self, secret: bytes, clock: Clock = utc_now) -> None:
        self._key = OctKey.import_key(secret)
        self._clock = clock

    def issue(self, ticket: Ticket) -> str:
        """Return the ticket in its signed form."""
        claims = {"aud": "plan", "sub": ticket.person_id, "plan": ticket.plan_id}
        return jwt.encode({"alg": "HS256"}, {**claims, "exp": _seconds(self._clock()) + TICKET_LIFE_S}, self._key)

    def read(self, signed: str, plan_id: str) -> Ticket:
        """Return the ticket to this plan.

        Raises:
            Refused: `token_invalid` or `token_expired`.
        """
        invalid = Refused("token_invalid", "连接教案的凭证无效，请刷新页面。")
        if len(signed) > _MAX_TICKET:
            raise invalid
        try:
            claims = jwt.decode(signed, self._key, algorithms=["HS256"]).claims
            if claims["aud"] != "plan" or claims["plan"] != plan_id:
                raise invalid
            ticket = Ticket(str(claims["plan"]), str(claims["sub"]))
            expires = int(claims["exp"])
        except (JoseError, KeyError, ValueError, TypeError) as error:
            raise invalid from error
        if _seconds(self._clock()) > expires + LEEWAY_S:
            raise Refused("token_expired", "连接教案的凭证已过期，正在重新连接。")
        return ticket


def _seconds(moment: datetime) -> int:
    return int(moment.timestamp())
