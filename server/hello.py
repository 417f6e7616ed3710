"""HTTP that belongs to no domain: what this server is, how it is, the device check, and the demo's log-in."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime
from importlib.metadata import version
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from server.accounts.routes import device_answer, logged_in, me_answer
from server.asking import address_of, asker_of, require_known
from server.context import services_of
from server.json_http import answer, answer_list, read_json
from server.metrics import scrape
from server.turn import turn_servers
from signaling.errors import Refused


class DemoLogIn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/session/demo`."""

    username: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]


class TestOffer(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Body of `POST /api/path-test`."""

    sdp: Annotated[str, msgspec.Meta(min_length=1, max_length=32_768)]


async def hello(request: Request) -> Response:
    """`GET /api/hello`."""
    services, asker = services_of(request), await asker_of(request)
    demo = services.demo
    if demo is not None:
        demo.visit()
    return answer(
        {
            "version": version("tongtang"),
            "demo": demo is not None,
            "demo_accounts": await demo.accounts_shown() if demo else [],
            "me": me_answer(asker.person) if asker.person else None,
            "device": device_answer(asker.device) if asker.device else None,
            "media": {"udp_port": services.settings.media_port},
            "time": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
    )


async def demo_log_in(request: Request) -> Response:
    """`POST /api/session/demo`."""
    services = services_of(request)
    if services.demo is None:
        raise Refused("not_allowed", "这不是演示服务器，请用密码登录。")
    body = await read_json(request, DemoLogIn)
    person = await services.demo.account(body.username)
    return await logged_in(request, person, await services.accounts.open_session(person))


async def path_test(request: Request) -> Response:
    """`POST /api/path-test`: for people and screens, and for the doctor, who holds the server's own token."""
    bearer = request.headers.get("authorization", "").removeprefix("Bearer ")
    if bearer:
        services_of(request).tokens.verify(bearer)
    else:
        await require_known(request)
    body = await read_json(request, TestOffer)
    return answer({"sdp": await services_of(request).live.test_path(body.sdp)})


async def ice(request: Request) -> Response:
    """`GET /api/ice-servers`: the relay's addresses and credentials, for the device check."""
    asker = await require_known(request)
    if asker.person is not None:
        subject = f"person:{asker.person.id}"
    elif asker.device is not None and asker.device.classroom is not None:
        subject = f"device:{asker.device.id}"
    else:  # anybody can be an unpaired screen: the relay would be open to all the world
        raise Refused("not_logged_in", "请先登录，或先把这块屏幕和教室配对。")
    return answer_list(turn_servers(services_of(request).settings, subject))


async def health(request: Request) -> Response:
    """`GET /healthz`: 200 as long as this process answers; what it depends on is said in words."""
    live = services_of(request).live
    media, recorder = live.is_media_ready, live.is_recorder_ready
    return answer(
        {
            "status": "ok",
            "media": "ready" if media else "starting",
            "recorder": "ready" if recorder else "starting",
        }
    )


async def metrics(request: Request) -> Response:
    """`GET /metrics`."""
    if not services_of(request).settings.metrics_open and not _is_loopback(address_of(request)):
        raise Refused("not_allowed", "只有服务器本机可以读取运行指标（metrics.open 可以放开）。")
    return await scrape(request)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


def routes() -> list[Route]:
    """Return the routes that belong to no domain."""
    return [
        Route("/api/hello", hello, methods=["GET"]),
        Route("/api/session/demo", demo_log_in, methods=["POST"]),
        Route("/api/path-test", path_test, methods=["POST"]),
        Route("/api/ice-servers", ice, methods=["GET"]),
        Route("/healthz", health, methods=["GET"]),
        Route("/metrics", metrics, methods=["GET"]),
    ]
