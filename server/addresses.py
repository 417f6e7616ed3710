"""The addresses of this machine, and whether its ports are free."""

from __future__ import annotations

import errno
import ipaddress
import socket

import ifaddr

from server.settings import Settings
from signaling.errors import Unavailable

LOOPBACK = "127.0.0.1"
# Interfaces that no school computer reaches: containers and virtual machines of this host.
_INNER = ("docker", "br-", "veth", "virbr", "lo")


def local_ipv4() -> tuple[str, ...]:
    """Return this machine's IPv4 addresses that others may reach, private ones first."""
    found: list[ipaddress.IPv4Address] = []
    for adapter in ifaddr.get_adapters():
        if adapter.name.startswith(_INNER):
            continue
        for ip in adapter.ips:
            if ip.is_IPv4:
                address = ipaddress.IPv4Address(str(ip.ip))
                if not address.is_loopback and not address.is_link_local and address not in found:
                    found.append(address)
    return tuple(str(address) for address in sorted(found, key=lambda one: (not one.is_private, int(one))))


def media_addresses(settings: Settings) -> tuple[str, ...]:
    """Return the addresses that the media workers announce.

    Also a server that only this machine reaches announces the machine's own addresses: Firefox never pairs its own
    candidates with a loopback address (nICEr, `nr_ice_component_can_candidate_addr_pair`).
    """
    if settings.media_addresses:
        return settings.media_addresses
    if settings.is_loopback:
        return (*local_ipv4(), LOOPBACK)
    if settings.host not in ("0.0.0.0", "::") and _is_ipv4(settings.host):
        return (settings.host,)
    return local_ipv4() or (LOOPBACK,)


def listen_tcp(host: str, port: int) -> socket.socket:
    """Return a socket that is bound to the TCP port, before anything else is started.

    Raises:
        Unavailable: `port_taken` or `address_unusable`, with what to do.
    """
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
    except socket.gaierror as error:
        raise Unavailable("address_unusable", f"找不到主机名 {host}。请检查 --host。") from error
    # asyncio switches Nagle's algorithm off only where the protocol is named: with 0 an answer of two segments waits
    # 40 ms for a delayed acknowledgement.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
    except OSError as error:
        listener.close()
        raise _refusal(error, "TCP", host, port, "--port") from error
    listener.set_inheritable(True)
    return listener


def check_udp(bind: str, port: int) -> None:
    """Pass when the UDP port is free.

    Raises:
        Unavailable: `port_taken` or `address_unusable`, with what to do.
    """
    family = socket.AF_INET6 if ":" in bind else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as probe:
        try:
            probe.bind((bind, port))
        except OSError as error:
            raise _refusal(error, "UDP", bind, port, "--media-port") from error


def _refusal(error: OSError, kind: str, host: str, port: int, flag: str) -> Unavailable:
    if error.errno == errno.EADDRINUSE:
        return Unavailable(
            "port_taken",
            f"{kind} 端口 {port} 已被其他程序占用，同堂没有启动。请先停掉那个程序，或用 {flag} 换一个端口。",
        )
    if error.errno == errno.EACCES:
        return Unavailable(
            "address_unusable",
            f"没有权限使用 {kind} 端口 {port}（小于 1024 的端口需要管理员权限）。请用 {flag} 换一个端口。",
        )
    return Unavailable("address_unusable", f"不能监听 {host} 的 {kind} 端口 {port}：{error.strerror}。请检查 --host。")


def _is_ipv4(text: str) -> bool:
    try:
        ipaddress.IPv4Address(text)
    except ValueError:
        return False
    return True
