"""ICE-lite (RFC 8445 §2.5): what a server with public addresses needs, without I/O. Its STUN is in `media/stun.py`.

A datagram whose first byte is 0..3 goes to `IceDirectory.on_stun`. It is answered, or dropped in silence: over the
rate limit of its source address, not a well-formed binding request, for a ufrag that nobody has (looked up before any
HMAC), or not authentic. Datagrams of other kinds are taken from an agent's `valid` addresses only.

Role conflicts (RFC 8445 §7.3.1.1) cannot arise: a lite agent is controlled by every full one.
"""

from __future__ import annotations

import enum
import random
import string
from typing import Generic, TypeVar

import msgspec

from media.rtp import Buffer
from media.stun import (
    Address,
    BindingRequest,
    StunError,
    build_binding_request,
    build_binding_success,
    is_authentic,
    parse_binding_request,
)

__all__ = [
    "Address",
    "BindingRequest",
    "Credentials",
    "IceAgent",
    "IceDirectory",
    "PathState",
    "StunError",
    "StunOutcome",
    "build_binding_request",
    "build_binding_success",
    "is_authentic",
    "make_credentials",
    "parse_binding_request",
]

T = TypeVar("T")

SUSPECT_S = 0.4  # design §4: 8 feedback intervals of 50 ms
LOST_S = 5.0
SILENT_S = 15.0  # lost without our sending: 2.5 missed consent checks (RFC 7675 §5.1: every 4 to 6 s)
CONSENT_S = 30.0  # RFC 7675 §5.1
CLOSED_S = 180.0  # a classroom's link that is down for 3 minutes joins anew
ADDRESS_S = 30.0  # an address not heard for as long as consent lasts is no longer valid
MAX_ADDRESSES = 8
OLD_CREDENTIALS_S = 30.0  # the client's checks with the old ones end when it has our answer to its restart
STUN_PER_S = 50  # unauthentic checks taken from one source address a second
MAX_SOURCES = 4096  # source addresses remembered for the limit: about 0.5 MB

_ICE_CHARACTERS = string.ascii_letters + string.digits  # RFC 8445 §5.3 allows "+" and "/" too


class Credentials(msgspec.Struct, frozen=True):
    """ufrag and password of one ICE session."""

    ufrag: str
    pwd: str


def make_credentials(rng: random.Random) -> Credentials:
    """Return fresh credentials (RFC 8445 §5.3); give a `random.SystemRandom` outside of tests."""
    # 8 characters: 47 bits tell the transports of one port apart; 24 characters: 142 bits (RFC asks for 128)
    return Credentials("".join(rng.choices(_ICE_CHARACTERS, k=8)), "".join(rng.choices(_ICE_CHARACTERS, k=24)))


class PathState(enum.Enum):
    """How the path to the client is. `SUSPECT`: nothing heard for 400 ms while we sent; `LOST`: for 5 s."""

    NEW = "new"
    CONNECTED = "connected"
    SUSPECT = "suspect"
    LOST = "lost"
    CLOSED = "closed"


class IceAgent(Generic[T]):
    """The ICE-lite side of one transport: its credentials, valid addresses and liveness.

    `owner` is whatever the transport wants to find again from a datagram. `selected` is where to send: the nominated
    address, or the first valid one until then (Chromium starts DTLS before it nominates). `valid` maps each address
    to when it was last heard.
    """

    __slots__ = (
        "_heard", "_nominated", "_reported", "_waiting_since", "local", "owner", "restarted_at", "selected", "state",
        "valid",
    )  # fmt: skip

    def __init__(self, owner: T, local: Credentials, now: float) -> None:
        self.owner = owner
        self.local = local
        self.state = PathState.NEW
        self.selected: Address | None = None
        self.valid: dict[Address, float] = {}
        self.restarted_at = now
        self._nominated = False
        self._heard = now
        self._waiting_since: float | None = None  # the first send since something was heard
        self._reported = PathState.NEW

    def restart(self, local: Credentials, now: float) -> None:
        """Take new credentials; the old ones are honoured for 30 s. Register it again with the directory.

        Valid addresses and the selected one stay until the client's new checks choose (RFC 8445 §9).
        """
        self.local = local
        self.restarted_at = now
        self._nominated = False

    def on_receive(self, address: Address, now: float) -> bool:
        """Note a datagram of any kind; return False when the address is not valid: drop it and unmap the address."""
        if address not in self.valid or self.state is PathState.CLOSED:
            return False
        self.valid[address] = now
        self._heard = now
        self._waiting_since = None
        self.state = PathState.CONNECTED
        return True

    def on_send(self, now: float) -> None:
        """Note that something was sent that the client should react to."""
        if self._waiting_since is None:
            self._waiting_since = now

    def may_send(self, now: float) -> bool:
        """Return whether consent is fresh: heard within 30 s (RFC 7675 §5.1) and an address is selected."""
        return self.selected is not None and self.state is not PathState.CLOSED and now - self._heard < CONSENT_S

    def accept(self, address: Address, use_candidate: bool, now: float) -> tuple[bool, tuple[Address, ...]]:
        """Take an authentic check from `address`; return whether it is newly valid, and which ones no longer are."""
        added = address not in self.valid
        removed: tuple[Address, ...] = ()
        if added and len(self.valid) >= MAX_ADDRESSES:
            oldest = min((a for a in self.valid if a != self.selected), key=self.valid.__getitem__)
            del self.valid[oldest]
            removed = (oldest,)
        self.valid[address] = now
        if use_candidate:
            self.selected = address
            self._nominated = True
        elif self.selected is None or (not self._nominated and self.selected not in self.valid):
            self.selected = address
        self._heard = now
        self._waiting_since = None
        self.state = PathState.CONNECTED
        return added, removed

    def next_timeout(self) -> float | None:
        """Return when `on_timeout` falls due; at once when the state changed and was not told yet."""
        if self.state is not self._reported:
            return self._heard
        if self.state is PathState.CLOSED:
            return None
        due = [self._heard + CLOSED_S]
        if self.valid:
            due.append(min(self.valid.values()) + ADDRESS_S)
        if self.state is PathState.CONNECTED and self._waiting_since is not None:
            due.append(self._waiting_since + SUSPECT_S)
        if self.state in (PathState.CONNECTED, PathState.SUSPECT):
            due.append(self._heard + SILENT_S)
            if self._waiting_since is not None:
                due.append(self._waiting_since + LOST_S)
        return min(due)

    def on_timeout(self, now: float) -> PathState | None:
        """Let addresses expire; return the state when it changed since the last call.

        Without a sign of life: SUSPECT 400 ms after the first unanswered send, LOST after 5 s of it (15 s when we
        sent nothing), CLOSED after 180 s. A path that was heard again is CONNECTED.
        """
        for address in [a for a, heard in self.valid.items() if now >= heard + ADDRESS_S]:
            del self.valid[address]
            if address == self.selected:
                self.selected = max(self.valid, key=self.valid.__getitem__, default=None)
                self._nominated = False
        self.state = self._state_at(now)
        if self.state is self._reported:
            return None
        self._reported = self.state
        return self.state

    def _state_at(self, now: float) -> PathState:
        # compared as `next_timeout` adds, so that a timer that fires exactly then finds its deadline reached
        heard, since = self._heard, self._waiting_since
        if self.state is PathState.CLOSED or now >= heard + CLOSED_S:
            return PathState.CLOSED
        if self.state in (PathState.NEW, PathState.LOST):
            return self.state
        if now >= heard + SILENT_S or (since is not None and now >= since + LOST_S):
            return PathState.LOST
        return PathState.SUSPECT if since is not None and now >= since + SUSPECT_S else self.state


class StunOutcome(msgspec.Struct, Generic[T]):
    """What an answered request did."""

    agent: IceAgent[T]
    answer: bytes  # to be sent to the address that the request came from
    added: bool  # the address is newly valid: map it to the agent
    removed: tuple[Address, ...]  # addresses that are valid no longer: unmap them
    changed: bool  # agent.state or agent.selected changed


class _Session(msgspec.Struct, Generic[T]):
    """One ufrag and whose it is."""

    agent: IceAgent[T]
    pwd: str
    expires: float | None = None


class IceDirectory(Generic[T]):
    """All agents of one UDP port, found by ufrag."""

    def __init__(self) -> None:
        self._sessions: dict[str, _Session[T]] = {}
        self._spent: dict[str, tuple[float, float]] = {}  # source ip -> (unauthentic checks left, as of)

    def register(self, agent: IceAgent[T]) -> None:
        """Make the agent's present ufrag findable; earlier ones of it expire 30 s after its restart."""
        for session in self._sessions.values():
            if session.agent is agent and session.expires is None:
                session.expires = agent.restarted_at + OLD_CREDENTIALS_S
        self._sessions[agent.local.ufrag] = _Session(agent, agent.local.pwd)

    def unregister(self, agent: IceAgent[T]) -> None:
        """Forget the agent with all its ufrags."""
        self._sessions = {ufrag: session for ufrag, session in self._sessions.items() if session.agent is not agent}

    def on_stun(self, data: Buffer, address: Address, now: float) -> StunOutcome[T] | None:
        """Answer a request, or return None: drop it in silence."""
        left = self._left(address[0], now)
        if left < 1:
            return None
        try:
            request = parse_binding_request(data)
        except StunError:
            request = None
        session = self._sessions.get(request.local_ufrag) if request is not None else None
        if request is None or session is None or (session.expires is not None and now >= session.expires):
            self._spend(address[0], left, now)
            return None
        if not is_authentic(data, request, session.pwd):
            self._spend(address[0], left, now)
            return None
        agent = session.agent
        if agent.state is PathState.CLOSED:
            return None
        before = (agent.state, agent.selected)
        added, removed = agent.accept(address, request.use_candidate, now)
        answer = build_binding_success(request.transaction, address, session.pwd)
        return StunOutcome(agent, answer, added, removed, before != (agent.state, agent.selected))

    def on_timeout(self, now: float) -> None:
        """Forget expired ufrags and rate-limit entries; call about once a second."""
        for ufrag in [u for u, s in self._sessions.items() if s.expires is not None and now >= s.expires]:
            del self._sessions[ufrag]
        for ip in [ip for ip, (_, since) in self._spent.items() if now - since >= 1.0]:
            del self._spent[ip]

    # The limit is there against floods, so only checks that fail are counted: behind the NAT of a school a hundred
    # honest clients share one address, and each of their checks is authentic.

    def _left(self, ip: str, now: float) -> float:
        entry = self._spent.get(ip)
        if entry is None:
            return STUN_PER_S
        return min(STUN_PER_S, entry[0] + (now - entry[1]) * STUN_PER_S)

    def _spend(self, ip: str, left: float, now: float) -> None:
        if ip not in self._spent and len(self._spent) >= MAX_SOURCES:
            del self._spent[next(iter(self._spent))]
        self._spent[ip] = (left - 1, now)
