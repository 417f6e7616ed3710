"""One transport of a peer: ICE-lite, DTLS and SRTP around one direction of media.

It holds state and sends; the `MediaPort` receives for it.
"""

from __future__ import annotations

from media.control import Side
from media.down_track import Outgoing
from media.forwarder import Room
from media.ice import IceAgent
from media.publisher import Publisher
from media.sdp import Negotiated, RemoteTransport
from media.subscriber import Subscriber
from media.transport.dtls import HANDSHAKE_TIMEOUT_S, Certificate, Dtls
from media.transport.srtp import PacketBuffer, SrtpPair, protect_all
from media.transport.udp import MAX_SEGMENTS, Address, UdpSocket

# RTCP of one transport: a Chromium with three layers or five slots on a bad link sends about 100 packets a second.
REPORTS_PER_S, REPORTS_BURST = 300, 150


class Link:
    """A transport: the core that it serves, and how its packets leave."""

    __slots__ = (
        "_reported_at", "_reports_left", "address", "agent", "core", "deadline", "dtls", "dtls_at", "negotiated",
        "noted_at", "peer", "publisher", "remote", "room", "sent_at", "session_id", "side", "srtp",
        "subscriber", "told", "udp", "version", "window_bytes",
    )  # fmt: skip

    def __init__(self, udp: UdpSocket, room: Room, peer: str, side: Side, core: Publisher | Subscriber) -> None:
        self.udp = udp
        self.room = room
        self.peer = peer
        self.side: Side = side
        self.core = core
        self.publisher = core if isinstance(core, Publisher) else None
        self.subscriber = core if isinstance(core, Subscriber) else None
        self.agent: IceAgent[Link] | None = None
        self.dtls: Dtls | None = None
        self.srtp: SrtpPair | None = None
        self.address: Address | None = None  # where to send, as the socket wants it
        self.remote: RemoteTransport | None = None
        self.negotiated: Negotiated | None = None  # our offer (subscribe)
        self.session_id = 0
        self.version = 1
        self.deadline = 0.0  # of the handshake
        self.dtls_at: float | None = None  # when a flight must be resent
        self.sent_at = self.noted_at = 0.0  # when media was last sent, and when that was last told to the agent
        self.told = ("", "")  # state and path as last reported
        self.window_bytes = 0  # as counted at the last report
        self._reports_left = float(REPORTS_BURST)
        self._reported_at = 0.0

    def expect(self, remote: RemoteTransport, certificate: Certificate, now: float) -> None:
        """Know the client: its fingerprints, and who begins the handshake."""
        self.remote = remote
        if self.dtls is None:
            self.dtls = Dtls(certificate, remote.fingerprints, is_server=remote.dtls_role == "server")
            self.deadline = now + HANDSHAKE_TIMEOUT_S

    def may_report(self, now: float) -> bool:
        """Return whether one more RTCP packet is looked at: a flood must not cost the others their lesson."""
        left = min(REPORTS_BURST, self._reports_left + (now - self._reported_at) * REPORTS_PER_S)
        self._reported_at = now
        self._reports_left = left - 1 if left >= 1 else left
        return left >= 1

    def send_dtls(self, datagrams: list[bytes], address: Address) -> None:
        """Send handshake datagrams."""
        for datagram in datagrams:
            self.udp.send(datagram, address)

    def send_rtcp(self, packet: bytes, buffer: PacketBuffer) -> None:
        """Encrypt and send one compound packet, if there is someone to take it."""
        if self.srtp is None or self.address is None:
            return
        length = self.srtp.protect_rtcp(buffer, packet)
        if length > 0:
            self.udp.send(buffer.view[:length], self.address)

    def send_media(self, out: Outgoing, buffer: PacketBuffer, now: float) -> int:
        """Encrypt the packets of `out`, which lie in `buffer`, and let them leave in runs of equal size.

        They wait in the socket's batch until `UdpSocket.flush`; `out` begins anew behind them. Return their number.
        """
        srtp, address = self.srtp, self.address
        sizes = out.sizes
        count, start, tag = len(sizes), out.start, out.tag_bytes
        out.start = end = out.end
        if srtp is None or address is None or protect_all(srtp.tx, buffer, start, sizes, tag) != count:
            sizes.clear()
            return 0  # no way to it, or a mistake of our own: better nothing than a packet in the clear
        self.sent_at = now
        if self.subscriber is not None:
            self.subscriber.sent_bytes += end - start + 28 * count
        if count == 1:
            self.udp.batch.append((start, end, 0, 1, address))
        else:
            self._batch_runs(start, sizes, tag, address)
        sizes.clear()
        return count

    def _batch_runs(self, start: int, sizes: list[int], tag: int, address: Address) -> None:
        """Put packets that lie side by side from `start` on into the batch: equal sizes and one shorter are a run."""
        batch, count = self.udp.batch, len(sizes)
        first = 0
        while first < count:
            size = sizes[first]
            after = first + 1
            end = start + size + tag
            while after < count and after - first < MAX_SEGMENTS and sizes[after] == size:
                after += 1
                end += size + tag
            if after < count and after - first < MAX_SEGMENTS and sizes[after] < size:
                end += sizes[after] + tag
                after += 1
            batch.append((start, end, size + tag, after - first, address))
            first, start = after, end
