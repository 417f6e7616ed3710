"""How a bot gets a seat: log in over HTTP and ask for a room token, as the browser does (docs/http.md)."""

from __future__ import annotations

import asyncio
import http.client
import ssl
import urllib.parse

import msgspec

from server.bot.options import Access
from signaling.errors import Refused, Unavailable

HTTP_TIMEOUT_S = 10.0
MAX_BODY_BYTES = 1 << 20


class _Problem(msgspec.Struct):
    code: str = "unknown"
    detail: str = ""


class _Account(msgspec.Struct):
    username: str


class _Hello(msgspec.Struct):
    demo: bool = False
    demo_accounts: list[_Account] = []


class _Token(msgspec.Struct):
    token: str


def websocket_url(server: str) -> str:
    """Return the address of the lesson's WebSocket on `server`, an http or https address.

    Raises:
        ValueError: `server` is no such address.
    """
    parts = urllib.parse.urlsplit(server)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"服务器地址应以 http:// 或 https:// 开头，现在是「{server}」。")
    scheme = "wss" if parts.scheme == "https" else "ws"
    return f"{scheme}://{parts.netloc}{parts.path.rstrip('/')}/ws"


def tls_context(access: Access) -> ssl.SSLContext | None:
    """Return how to check the server's certificate, or None where there is none to check."""
    if not access.server.startswith("https:"):
        return None
    context = ssl.create_default_context()
    if access.insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


async def room_token(access: Access, role: str) -> str:
    """Return a token for a seat as `role`, logging in on the way.

    Raises:
        Refused: the server said no, with its code and words.
        Unavailable: the server could not be reached or answered nonsense.
    """
    if access.token:
        return access.token
    return await asyncio.to_thread(_ask, access, role)


def _ask(access: Access, role: str) -> str:
    """Log in and ask for the token; blocks up to `HTTP_TIMEOUT_S` a request."""
    if access.username:
        return _ask_as(access, access.username, role)
    hello = msgspec.json.decode(_Session(access).request("GET", "/api/hello"), type=_Hello)
    if not hello.demo:
        raise Refused("login_wrong", "需要用户名和密码：请用 --username 指定。")
    refusal = Refused("not_allowed", "演示账号里没有人能以这个身份进入这节课。")
    for account in hello.demo_accounts:
        try:
            return _ask_as(access, account.username, role)
        except Refused as error:
            refusal = error
    raise refusal


def _ask_as(access: Access, username: str, role: str) -> str:
    session = _Session(access)
    if access.password:
        session.request("POST", "/api/session", {"username": username, "password": access.password})
    else:
        session.request("POST", "/api/session/demo", {"username": username})
    room = urllib.parse.quote(access.room, safe="")
    body = session.request("POST", f"/api/lessons/{room}/token", {"role": role, "classroom_id": None})
    return msgspec.json.decode(body, type=_Token).token


class _Session:
    """A browser's worth of HTTP: one server, its cookies."""

    def __init__(self, access: Access) -> None:
        self._parts = urllib.parse.urlsplit(access.server)
        self._tls = tls_context(access)
        self._cookies: dict[str, str] = {}

    def request(self, method: str, path: str, body: object = None) -> bytes:
        """Return the body of the answer.

        Raises:
            Refused, Unavailable: as for `room_token`.
        """
        headers = {"X-Tongtang": "1", "Accept": "application/json", "Content-Type": "application/json"}
        if self._cookies:
            headers["Cookie"] = "; ".join(f"{name}={value}" for name, value in self._cookies.items())
        data = msgspec.json.encode(body) if body is not None else None
        connection = self._connect()
        try:
            connection.request(method, self._parts.path.rstrip("/") + path, body=data, headers=headers)
            answer = connection.getresponse()
            content = answer.read(MAX_BODY_BYTES)
        except (OSError, http.client.HTTPException) as error:
            raise Unavailable("server_unreachable", f"连不上服务器 {self._parts.netloc}：{error}") from error
        finally:
            connection.close()
        for line in answer.headers.get_all("Set-Cookie", []):
            name, _, value = line.partition(";")[0].partition("=")
            self._cookies[name.strip()] = value.strip()
        if answer.status >= 400:
            raise _error(answer.status, content)
        return content

    def _connect(self) -> http.client.HTTPConnection:
        host, port = self._parts.hostname or "", self._parts.port
        if self._tls is not None:
            return http.client.HTTPSConnection(host, port, timeout=HTTP_TIMEOUT_S, context=self._tls)
        return http.client.HTTPConnection(host, port, timeout=HTTP_TIMEOUT_S)


def _error(status: int, content: bytes) -> Refused | Unavailable:
    try:
        problem = msgspec.json.decode(content, type=_Problem)
    except msgspec.DecodeError:
        problem = _Problem(detail=f"服务器回答了 HTTP {status}。")
    if status >= 500:
        return Unavailable(problem.code, problem.detail)
    return Refused(problem.code, problem.detail)
