"""Who sends a request, read from its cookies; and the cookies themselves."""

from __future__ import annotations

from typing import cast

from starlette.requests import HTTPConnection
from starlette.responses import Response

from server.accounts.model import Asker, Device, Person
from server.accounts.service import SESSION_DAYS
from server.context import services_of
from signaling.errors import Refused

SESSION_COOKIE = "tongtang_session"
DEVICE_COOKIE = "tongtang_device"
PAGE_OF = "x-tongtang-person"  # the header in which a page says whose it is
DEVICE_COOKIE_DAYS = 400  # what browsers keep at most (RFC 6265bis §5.5); renewed whenever the screen asks who it is
_MAX_SECRET = 64  # characters of our own cookies: 43


async def asker_of(connection: HTTPConnection) -> Asker:
    """Return who asks, looked up once a request."""
    known = getattr(connection.state, "asker", None)
    if known is None:
        services = services_of(connection)
        session, secret = secret_in(connection, SESSION_COOKIE), secret_in(connection, DEVICE_COOKIE)
        known = Asker(
            await services.accounts.person_of(session) if session else None,
            await services.devices.device_of(secret) if secret else None,
        )
        connection.state.asker = known
    return cast("Asker", known)


async def require_person(connection: HTTPConnection) -> Person:
    """Return the person who asks.

    All tabs of a browser share its cookie: after somebody else logged in in one, what the others send would be done in
    that person's name. So a page says whose it is.

    Raises:
        Refused: `not_logged_in`, or `other_person` when the page is that of somebody else.
    """
    person = (await asker_of(connection)).person
    if person is None:
        raise Refused("not_logged_in", "请先登录。")
    if connection.headers.get(PAGE_OF, person.id) != person.id:
        detail = "这个浏览器里现在登录的是别人，刚才这一步没有执行。请刷新页面，或者用您自己的账号重新登录。"
        raise Refused("other_person", detail)
    return person


async def require_device(connection: HTTPConnection) -> Device:
    """Return the classroom's screen that asks.

    Raises:
        Refused: `device_unknown`.
    """
    device = (await asker_of(connection)).device
    if device is None:
        raise Refused("device_unknown", "这块屏幕还没有登记，请刷新页面重新配对。")
    return device


async def require_known(connection: HTTPConnection) -> Asker:
    """Return the person or screen that asks.

    Raises:
        Refused: `not_logged_in`.
    """
    asker = await asker_of(connection)
    if not asker.is_known:
        raise Refused("not_logged_in", "请先登录。")
    return asker


def secret_in(connection: HTTPConnection, cookie: str) -> str | None:
    """Return the secret in one of our cookies."""
    value = connection.cookies.get(cookie, "")
    return value if 0 < len(value) <= _MAX_SECRET else None


def address_of(connection: HTTPConnection) -> str:
    """Return the network address that limits are counted by."""
    return connection.client.host if connection.client else "unknown"


def set_cookie(response: Response, connection: HTTPConnection, name: str, secret: str) -> None:
    """Hand a secret to the browser: not for scripts, not for other sites, on TLS only over TLS."""
    days = SESSION_DAYS if name == SESSION_COOKIE else DEVICE_COOKIE_DAYS
    response.set_cookie(name, secret, max_age=days * 86_400, httponly=True, samesite="lax", secure=_is_tls(connection))


def drop_cookie(response: Response, connection: HTTPConnection, name: str) -> None:
    """Take a secret from the browser."""
    response.delete_cookie(name, httponly=True, samesite="lax", secure=_is_tls(connection))


def _is_tls(connection: HTTPConnection) -> bool:
    return connection.url.scheme in ("https", "wss")
