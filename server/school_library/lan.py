"""Libraries of the same local network, found by mDNS (RFC 6762) where the network lets it pass.

Needs the extra `[lan]`. Without it, or where multicast is filtered as in many schools, addresses are typed or read from
a QR code; nothing else changes.
"""

from __future__ import annotations

import contextlib
import ipaddress
import logging
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec

from server.addresses import local_ipv4

log = logging.getLogger("tongtang.library")

SERVICE = "_lessonpack._tcp.local."
MAX_HEARD = 200
PROTOCOL = "1"


class Neighbour(msgspec.Struct, frozen=True):
    """A library that was heard."""

    name: str
    address: str


class Neighbours:
    """Who else is on the network. Changed from zeroconf's thread, one dictionary operation at a time."""

    def __init__(self, own_name: str, own_addresses: list[str]) -> None:
        self._own = own_name
        self.own_addresses = own_addresses  # at which others open this library
        self._found: dict[str, Neighbour] = {}

    def heard(self) -> list[Neighbour]:
        """Return the libraries that were heard, by name."""
        return sorted(self._found.values(), key=lambda one: one.name)

    def note(self, service: str, name: str, addresses: list[str], port: int) -> None:
        """Take a library that was heard; only addresses of local networks count."""
        local = [one for one in addresses if ipaddress.ip_address(one).is_private]
        if local and len(self._found) < MAX_HEARD and service.partition(".")[0] != self._own:
            self._found[service] = Neighbour(name[:40], f"http://{local[0]}:{port}")

    def forget(self, service: str) -> None:
        """Drop a library that said good-bye."""
        self._found.pop(service, None)


@contextlib.asynccontextmanager
async def announced(neighbours: Neighbours, own_name: str, shown: str, port: int) -> AsyncIterator[bool]:
    """Announce this library and listen for others inside the block; yield whether that works here."""
    try:
        from zeroconf import ServiceInfo, ServiceStateChange
        from zeroconf.asyncio import AsyncServiceBrowser, AsyncZeroconf
    except ImportError:
        yield False
        return
    try:
        node = AsyncZeroconf()
    except OSError as error:  # no network, or none with multicast
        log.info("no announcements on this network: %s", error)
        yield False
        return

    def changed(zeroconf: Any, service_type: str, name: str, state_change: ServiceStateChange) -> None:
        if state_change is ServiceStateChange.Removed:
            neighbours.forget(name)
            return
        info = ServiceInfo(service_type, name)
        if info.load_from_cache(zeroconf) and info.port:
            told = (info.properties.get(b"name") or b"").decode("utf-8", "replace")
            neighbours.note(name, told or name, info.parsed_addresses(), info.port)

    info = ServiceInfo(
        SERVICE,
        f"{own_name}.{SERVICE}",
        port=port,
        addresses=[socket.inet_aton(one) for one in local_ipv4()],
        properties={"name": shown, "protocol": PROTOCOL},
    )
    browser = AsyncServiceBrowser(node.zeroconf, SERVICE, handlers=[changed])
    try:
        await node.async_register_service(info)
        yield True
    finally:
        await browser.async_cancel()
        await node.async_unregister_all_services()
        await node.async_close()
