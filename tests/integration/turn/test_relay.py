"""The relay with our credentials, real coturn and a real media worker: which ways are open, and what of others."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from msgspec.structs import replace

from media.stun import build_binding_request
from server import doctor
from server.reach import _OFFER, MediaDoor
from server.settings import Settings, load
from server.turn import IceServer, ice_servers
from server.turn_probe import probe
from tests.integration.lessons.live_server import Live, live_server
from tests.integration.turn.coturn import SECRET, Coturn
from tests.ports import free_port

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module")
def coturn(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Coturn]:
    with Coturn(tmp_path_factory.mktemp("coturn")).running() as relay:
        yield relay


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def live(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Live]:
    async with live_server(tmp_path_factory.mktemp("live")) as live:
        yield live


@pytest.fixture
def trusted(coturn: Coturn, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", str(coturn.certificate))


def minted(secret: str = SECRET, ago_s: int = 0) -> IceServer:
    now_s = int(datetime.now(UTC).timestamp())
    return ice_servers(("turn:127.0.0.1",), secret, "person:1", now_s - ago_s)[0]


async def media_door(live: Live) -> MediaDoor:
    sdp = await live.host.test_path(_OFFER)
    found = {name: re.search(rf"^a={name}:(\S+)", sdp, re.M) for name in ("ice-ufrag", "ice-pwd")}
    ufrag, pwd = (one.group(1) if one else "" for one in found.values())
    return MediaDoor((("127.0.0.1", live.port),), f"{ufrag}:doctor", pwd)


async def tried(door: MediaDoor, url: str, server: IceServer) -> str:
    return await asyncio.to_thread(probe, server, url, door.addresses[0], door.check())


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("way", ["udp", "tcp", "tls"])
async def test_media_is_reached_by_every_way(coturn: Coturn, live: Live, way: str) -> None:
    assert await tried(await media_door(live), getattr(coturn, way), minted()) == "open"


@pytest.mark.parametrize("way", ["udp", "tcp"])
async def test_credentials_of_another_secret_or_of_yesterday_are_refused(coturn: Coturn, live: Live, way: str) -> None:
    url, door = getattr(coturn, way), await media_door(live)
    assert await tried(door, url, minted("another-secret-of-16")) == "refused"
    assert await tried(door, url, minted(ago_s=86_400)) == "refused"
    good = minted()
    assert await tried(door, url, replace(good, username=f"9{good.username}")) == "refused"


async def test_a_certificate_that_browsers_do_not_trust_is_told(coturn: Coturn, live: Live) -> None:
    assert await tried(await media_door(live), coturn.tls, minted()) == "certificate"


async def test_a_relay_that_is_not_there_is_silent(live: Live) -> None:
    door = await media_door(live)
    port = free_port()
    for url in (f"turn:127.0.0.1:{port}?transport=tcp", f"turn:127.0.0.1:{port}"):
        assert await tried(door, url, minted()) == "silent"


async def test_the_relay_reaches_the_media_address_and_nothing_else(coturn: Coturn) -> None:
    check = build_binding_request(bytes(12), "a:b", "c" * 22)
    for host in ("10.0.0.1", "169.254.169.254", "8.8.8.8", "127.0.0.2"):
        assert await asyncio.to_thread(probe, minted(), coturn.udp, (host, 80), check) == "forbidden", host
    nobody = ("127.0.0.1", free_port())
    assert await asyncio.to_thread(probe, minted(), coturn.tcp, nobody, check) == "blocked"


def settings_with(*urls: str, secret: str = SECRET) -> Settings:
    return load({"turn.urls": list(urls), "turn.secret": secret}, {}, {})


@pytest.mark.usefixtures("trusted")
async def test_the_doctor_names_each_way_and_what_to_do(
    coturn: Coturn, live: Live, monkeypatch: pytest.MonkeyPatch
) -> None:
    loop = asyncio.get_running_loop()

    def door_of_live(settings: Settings) -> MediaDoor:
        return asyncio.run_coroutine_threadsafe(media_door(live), loop).result(10)

    monkeypatch.setattr(doctor, "media_door", door_of_live)
    gone = f"turn:127.0.0.1:{free_port()}?transport=tcp"
    settings = settings_with(coturn.udp, coturn.tcp, coturn.tls, gone)
    findings = await asyncio.to_thread(lambda: list(doctor._media_paths(settings)))
    assert [(one.check, one.verdict) for one in findings] == [
        ("媒体端口", "good"), ("中继（UDP）", "good"), ("中继（TCP）", "good"), ("中继（TLS）", "good"),
        ("中继（TCP）", "bad"),
    ]  # fmt: skip
    assert "放行 TCP 端口" in findings[-1].todo
    elsewhere = (("10.0.0.1", 8189), ("127.0.0.1", live.port))

    def two_addresses(settings: Settings) -> MediaDoor:
        return replace(door_of_live(settings), addresses=elsewhere)

    monkeypatch.setattr(doctor, "media_door", two_addresses)
    *_, several = await asyncio.to_thread(lambda: list(doctor._media_paths(settings_with(coturn.udp))))
    assert several.verdict == "good", "one of the addresses is enough"
    *_, wrong = await asyncio.to_thread(lambda: list(doctor._media_paths(settings_with(coturn.udp, secret="x" * 16))))
    assert wrong.verdict == "bad" and "static-auth-secret" in wrong.todo
