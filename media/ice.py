"""ICE-lite (RFC 8445 §2.5) and its STUN (RFC 8489): what a server with public addresses needs, without I/O.

A datagram whose first byte is 0..3 goes to `IceDirectory.on_stun`. It is answered, or dropped in silence: over the
rate limit of its source address, not a well-formed binding request, for a ufrag that nobody has (looked up before any
HMAC), or not authentic. Datagrams of other kinds are taken from an agent's `valid` addresses only.
"""

from __future__ import annotations

import enum
import random
from typing import Generic, TypeVar

import msgspec

from media.rtp import Buffer

Address = tuple[str, int]
T = TypeVar("T")


class StunError(ValueError):
    """The bytes are not a STUN binding request that we can answer."""


class Credentials(msgspec.Struct, frozen=True):
    """ufrag and password of one ICE session."""

    ufrag: str
    pwd: str


def make_credentials(rng: random.Random) -> Credentials:
    """Return fresh credentials (RFC 8445 §5.3); give a `random.SystemRandom` outside of tests."""
    raise NotImplementedError


class BindingRequest(msgspec.Struct, frozen=True):
    """A STUN binding request."""

    transaction: bytes  # 12 bytes
    local_ufrag: str
    remote_ufrag: str
    use_candidate: bool
    priority: int
    integrity_offset: int  # where MESSAGE-INTEGRITY begins


def parse_binding_request(data: Buffer) -> BindingRequest:
    """Read a binding request; its FINGERPRINT is checked, its integrity is not.

    Raises:
        StunError: anything else.
    """
    raise NotImplementedError


def is_authentic(data: Buffer, request: BindingRequest, pwd: str) -> bool:
    """Return whether MESSAGE-INTEGRITY was made with `pwd`."""
    raise NotImplementedError


def build_binding_success(transaction: bytes, address: Address, pwd: str) -> bytes:
    """Return the success response with XOR-MAPPED-ADDRESS, MESSAGE-INTEGRITY and FINGERPRINT."""
    raise NotImplementedError


def build_binding_request(
    transaction: bytes, username: str, pwd: str, *, use_candidate: bool = False, priority: int = 0x7E0000FF
) -> bytes:
    """Return a request as a controlling client makes it (test clients, doctor)."""
    raise NotImplementedError


class PathState(enum.Enum):
    """How the path to the client is. `SUSPECT`: nothing heard for 400 ms while we sent; `LOST`: for 5 s."""

    NEW = "new"
    CONNECTED = "connected"
    SUSPECT = "suspect"
    LOST = "lost"
    CLOSED = "closed"


class IceAgent(Generic[T]):
    """The ICE-lite side of one transport: its credentials, valid addresses and liveness.

    `owner` is whatever the transport wants to find again from a datagram.
    """

    owner: T
    local: Credentials
    state: PathState
    selected: Address | None  # where to send: nominated, or the first valid one until then
    valid: dict[Address, float]  # address -> last heard

    def __init__(self, owner: T, local: Credentials, now: float) -> None:
        raise NotImplementedError

    def restart(self, local: Credentials, now: float) -> None:
        """Take new credentials; the old ones are honoured for 30 s. Register it again with the directory."""
        raise NotImplementedError

    def on_receive(self, address: Address, now: float) -> bool:
        """Note a datagram of any kind; return False (drop it) when the address is not valid."""
        raise NotImplementedError

    def on_send(self, now: float) -> None:
        """Note that something was sent that the client should react to."""
        raise NotImplementedError

    def may_send(self, now: float) -> bool:
        """Return whether consent is fresh: heard within 30 s (RFC 7675 §5.1) and an address is selected."""
        raise NotImplementedError

    def next_timeout(self) -> float | None:
        """Return when `on_timeout` falls due."""
        raise NotImplementedError

    def on_timeout(self, now: float) -> PathState | None:
        """Expire addresses and old credentials; return the state when it changed.

        Without a sign of life: SUSPECT 400 ms after the first unanswered send, LOST after 5 s, CLOSED after 180 s.
        """
        raise NotImplementedError


class StunOutcome(msgspec.Struct, Generic[T]):
    """What an answered request did."""

    agent: IceAgent[T]
    answer: bytes  # to be sent to the address that the request came from
    added: bool  # the address is newly valid: map it to the agent
    removed: tuple[Address, ...]  # addresses that are valid no longer: unmap them
    changed: bool  # agent.state or agent.selected changed


class IceDirectory(Generic[T]):
    """All agents of one UDP port, found by ufrag."""

    def __init__(self) -> None:
        raise NotImplementedError

    def register(self, agent: IceAgent[T]) -> None:
        """Make the agent's present ufrag findable."""
        raise NotImplementedError

    def unregister(self, agent: IceAgent[T]) -> None:
        """Forget the agent with all its ufrags."""
        raise NotImplementedError

    def on_stun(self, data: Buffer, address: Address, now: float) -> StunOutcome[T] | None:
        """Answer a request, or return None: drop it in silence."""
        raise NotImplementedError

    def on_timeout(self, now: float) -> None:
        """Forget expired ufrags and rate-limit entries; call about once a second."""
        raise NotImplementedError
