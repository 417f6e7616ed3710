"""The UDP port of a worker: receive, tell apart (RFC 7983), decrypt, hand on; then send what the cores have ready.

One wake of the loop is one batch: up to 64 datagrams are read, then every receiver concerned gets its packets in one
go. Nothing is allocated for a packet but its own bytes and its `UpPacket`. A datagram that makes us stumble is
dropped with a traceback in the log (at most one a second) and disturbs nobody else.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable
from typing import Literal

from media.control import Message, TransportChanged
from media.down_track import Outgoing
from media.forwarder import Forwarder
from media.ice import Credentials, IceAgent, IceDirectory, PathState, make_credentials
from media.publisher import Publisher
from media.subscriber import Subscriber
from media.transport.dtls import Certificate, DtlsError
from media.transport.link import Link
from media.transport.srtp import PacketBuffer
from media.transport.udp import Address, UdpSocket

BATCH = 64  # datagrams a wake
RECEIVE_BYTES = 2048
SEND_BYTES = 1 << 20
FLUSH_BYTES = SEND_BYTES >> 1  # a batch and three replayed keyframes for one receiver fit into the other half
ICE_INTERVAL_S = 0.1
SYNCHRONISE_S = 5.0
EXPECT_S = 1.0
DTLS_TICK_S = 0.05
# A sender's frame arrives as a burst, but the first packet wakes us. Waiting for the rest lets a frame leave in one
# segmented send: 16.6 -> 14.3 us a packet (bench/forwarding.py), for 1 ms of 150 from glass to glass.
GATHER_S = 0.001
DRAIN_S = 0.005  # what waits for a link's pace is looked at so often (media.md §2.6)
# What is due is looked at in so long, right after a batch where one comes: each wake for a timer alone begins cold. Of
# 29 ms a second that 60 idle receivers cost, this and the slower tick of the worker took 6.
TICK_S = 0.01
WRITE_DUE_S = 0.02

log = logging.getLogger("media.port")


class MediaPort:
    """The socket, the links on it, and the forwarder between them."""

    def __init__(
        self,
        udp: UdpSocket,
        forwarder: Forwarder,
        certificate: Certificate,
        call_later: Callable[[float, Callable[[], None]], object],
    ) -> None:
        self.udp = udp
        self.packets_out = 0
        self._call_later = call_later
        self._is_gathering = False
        self._is_draining = False
        # Of receivers. They wait for the next batch or tick, 20 ms at most of a resend's 100: one by one each costs a
        # wake and finds the caches cold. `Link.may_report` bounds them.
        self._reports: list[tuple[Link, bytes, Address]] = []
        self.forwarder = forwarder
        self.certificate = certificate
        self.links: dict[Publisher | Subscriber, Link] = {}
        self.on_message: Callable[[Message], None] = lambda message: None
        self._by_address: dict[Address, Link] = {}
        self._directory: IceDirectory[Link] = IceDirectory()
        self._receive = PacketBuffer(RECEIVE_BYTES)
        self._send = PacketBuffer(SEND_BYTES)
        self._control = PacketBuffer(RECEIVE_BYTES)
        self._out = Outgoing(self._send.data)
        self.rng = random.SystemRandom()
        self._tick_at = self._ice_at = self._dtls_at = self._due_at = self._synchronise_at = self._logged_at = 0.0

    # --- links -----------------------------------------------------------------------------------------------------

    def credentials(self) -> Credentials:
        """Return fresh ICE credentials."""
        return make_credentials(self.rng)

    def session_id(self) -> int:
        """Return a fresh session id for a description (RFC 8866 §5.2)."""
        return self.rng.randrange(1, 1 << 62)

    def add(self, link: Link, credentials: Credentials, now: float) -> None:
        """Make a link reachable under `credentials`."""
        link.agent = IceAgent(link, credentials, now)
        self._directory.register(link.agent)
        self.links[link.core] = link

    def restart(self, link: Link, credentials: Credentials, now: float) -> None:
        """Give a link new ICE credentials; the old ones are honoured for a while (RFC 8445 §9)."""
        assert link.agent is not None
        link.agent.restart(credentials, now)
        self._directory.register(link.agent)

    def remove(self, core: Publisher | Subscriber) -> None:
        """Forget the link of a core that was removed from its room."""
        link = self.links.pop(core, None)
        if link is None or link.agent is None:
            return
        self._directory.unregister(link.agent)
        self._by_address = {address: other for address, other in self._by_address.items() if other is not link}

    # --- in --------------------------------------------------------------------------------------------------------

    def on_readable(self) -> None:
        """Read one batch and forward it."""
        now = time.monotonic()
        receive, view, data = self.udp.receive, self._receive.view, self._receive.data
        by_address = self._by_address
        for _ in range(BATCH):
            got = receive(view)
            if got is None:
                break
            length, arrival_ns, address = got
            if len(address) > 2:
                address = address[:2]
            try:
                first = data[0]
                if length >= 12 and 128 <= first <= 191:
                    link = by_address.get(address)
                    if link is not None and link.srtp is not None:
                        if link.subscriber is None:
                            self._on_srtp(link, length, arrival_ns, address, now)
                        elif link.may_report(now):
                            self._reports.append((link, bytes(view[:length]), address))
                elif length >= 1:
                    self._on_setup(first, length, address, now)
            except Exception:
                self._note_stumble(now)
        if not self._is_gathering:
            if self.forwarder.has_pending:
                self._is_gathering = True
                self._call_later(GATHER_S, self._forward)
            else:
                self._drain()

    def _on_srtp(self, link: Link, length: int, arrival_ns: int, address: Address, now: float) -> None:
        """Take a packet of a publisher."""
        srtp, agent, publisher = link.srtp, link.agent, link.publisher
        assert srtp is not None and agent is not None and publisher is not None
        is_rtcp = 192 <= self._receive.data[1] <= 223  # RFC 5761 §4
        if is_rtcp and not link.may_report(now):
            return
        size = (srtp.unprotect_rtcp if is_rtcp else srtp.unprotect)(self._receive, length)
        if size < 0 or not agent.on_receive(address, now):
            return
        packet = bytes(self._receive.view[:size])
        if is_rtcp:
            self.forwarder.on_publisher_rtcp(link.room, publisher, packet, now)
        else:
            self.forwarder.on_rtp(link.room, publisher, packet, arrival_ns, now)

    def _take_reports(self, now: float) -> None:
        """Take the reports that came; what they ask for waits for the next flush."""
        reports, self._reports = self._reports, []
        for link, data, address in reports:
            if link.srtp is None or link.agent is None or link.subscriber is None:
                continue
            try:
                self._on_report(link, data, address, now)
            except Exception:
                self._note_stumble(now)

    def _on_report(self, link: Link, data: bytes, address: Address, now: float) -> None:
        srtp, agent, subscriber = link.srtp, link.agent, link.subscriber
        assert srtp is not None and agent is not None and subscriber is not None
        if not 192 <= data[1] <= 223 or len(data) > RECEIVE_BYTES:  # RFC 5761 §4
            return
        self._receive.view[: len(data)] = data
        size = srtp.unprotect_rtcp(self._receive, len(data))
        if size < 0 or not agent.on_receive(address, now):
            return
        packet = bytes(self._receive.view[:size])
        self._out.begin(srtp.tag_bytes)
        self.forwarder.on_subscriber_rtcp(link.room, subscriber, packet, self._out, now)
        if self._out.sizes:
            self._send_media(link, now)

    def _on_setup(self, first: int, length: int, address: Address, now: float) -> None:
        packet = bytes(self._receive.view[:length])
        if first <= 3:
            self._on_stun(packet, address, now)
        elif 20 <= first <= 63:
            link = self._by_address.get(address)
            if link is None or link.dtls is None or link.agent is None:
                return
            if link.agent.on_receive(address, now):
                self._on_dtls(link, packet, address, now)

    def _on_stun(self, packet: bytes, address: Address, now: float) -> None:
        outcome = self._directory.on_stun(packet, (address[0], address[1]), now)
        if outcome is None:
            return
        self.udp.send(outcome.answer, address)
        link = outcome.agent.owner
        for old in outcome.removed:
            self._by_address.pop(old, None)
        self._by_address[address] = link
        moved = link.address != outcome.agent.selected
        link.address = outcome.agent.selected
        if link.subscriber is not None:
            link.subscriber.link.on_heard(now)
            if moved and link.srtp is not None:
                link.subscriber.link.on_path_change(now)
        if moved and link.srtp is not None:
            self._tell(link, "connected")
        if outcome.added and link.dtls is not None and link.dtls_at is None and link.srtp is None:
            link.send_dtls(link.dtls.start(), address)
            link.dtls_at = now

    def _on_dtls(self, link: Link, packet: bytes, address: Address, now: float) -> None:
        dtls = link.dtls
        assert dtls is not None
        try:
            answer = dtls.on_datagram(packet)
        except DtlsError as error:
            log.warning("handshake of %s (%s) in room %s failed: %s", link.peer, link.side, link.room.name, error)
            self.close(link)
            return
        link.send_dtls(answer, address)
        link.dtls_at = now
        if dtls.is_closed:
            self.close(link)
        elif dtls.srtp is not None and link.srtp is None:
            link.srtp = dtls.srtp
            self._tell(link, "connected")
            if link.subscriber is not None:
                self.forwarder.start_subscriber(link.room, link.subscriber, now)

    def close(self, link: Link) -> None:
        """Give a link up and say so."""
        if self.links.get(link.core) is not link:
            return
        self._tell(link, "closed")
        self.forwarder.remove_peer(link.room, link.peer, link.side)
        self.remove(link.core)

    # --- out -------------------------------------------------------------------------------------------------------

    def _forward(self) -> None:
        """Let everyone who is concerned by this batch write and send."""
        self._is_gathering = False
        now = time.monotonic()
        out, links = self._out, self.links
        out.reset(0)
        if self._reports:
            self._take_reports(now)
        sizes = out.sizes
        for subscriber, downs in self.forwarder.poll_ready().items():
            link = links.get(subscriber)
            if link is None or (srtp := link.srtp) is None or link.address is None:
                continue
            out.tag_bytes = srtp.tag_bytes
            subscriber.write_media(downs, out, now)
            if sizes:
                self._send_media(link, now)
            if subscriber.is_queueing and not self._is_draining:
                self._is_draining = True
                self._call_later(DRAIN_S, self._drain_queues)
        self._flush()
        self.forwarder.end_batch()
        if now >= self._tick_at:
            self.on_tick(now)
        else:
            self._drain()

    def _send_media(self, link: Link, now: float) -> None:
        """Let what was written leave with the next flush."""
        out = self._out
        self.packets_out += link.send_media(out, self._send, now)
        if out.end > FLUSH_BYTES:
            self._flush()
            out.reset(0)

    def _flush(self) -> None:
        self.udp.flush(self._send.view)

    def _drain_queues(self) -> None:
        """Let go what waits for the pace of its link."""
        self._is_draining = False
        now = time.monotonic()
        is_left = False
        self._out.reset(0)
        for link in self.links.values():
            subscriber = link.subscriber
            if subscriber is None or not subscriber.is_queueing or link.srtp is None:
                continue
            self._out.begin(link.srtp.tag_bytes)
            subscriber.drain(self._out, now)
            if self._out.sizes:
                self._send_media(link, now)
            is_left = is_left or subscriber.is_queueing
        self._flush()
        if is_left:
            self._is_draining = True
            self._call_later(DRAIN_S, self._drain_queues)

    def _drain(self) -> None:
        for core, packet in self.forwarder.poll_rtcp():
            link = self.links.get(core)
            if link is not None:
                link.send_rtcp(packet, self._control)
        for message in self.forwarder.poll_news():
            self.on_message(message)

    # --- timers ----------------------------------------------------------------------------------------------------

    def on_idle(self, now: float) -> None:
        """Do what is due where no batch came for it; called every 20 ms."""
        if now >= self._tick_at:
            self.on_tick(now)

    def on_tick(self, now: float) -> None:
        """Do what is due: every 10 ms while packets come, else every 20."""
        self._tick_at = now + TICK_S
        if self._reports:
            self._out.reset(0)
            self._take_reports(now)
            self._flush()
        self.forwarder.on_timeout(now)
        self._drain()
        if now >= self._due_at:
            self._due_at = now + WRITE_DUE_S
            self._write_due(now)
        if now >= self._dtls_at:
            self._dtls_at = now + DTLS_TICK_S
            self._resend_handshakes(now)
        if now >= self._ice_at:
            self._ice_at = now + ICE_INTERVAL_S
            self._check_paths(now)
        if now >= self._synchronise_at:
            self._synchronise_at = now + SYNCHRONISE_S
            self.udp.synchronise()
            self._directory.on_timeout(now)

    def _write_due(self, now: float) -> None:
        self._out.reset(0)
        for link in self.links.values():
            subscriber = link.subscriber
            if subscriber is not None and link.srtp is not None and subscriber.has_due:
                self._out.begin(link.srtp.tag_bytes)
                subscriber.write_due(self._out, now)
                if self._out.sizes:
                    self._send_media(link, now)
        self._flush()

    def _resend_handshakes(self, now: float) -> None:
        for link in [item for item in self.links.values() if item.srtp is None and item.dtls is not None]:
            assert link.dtls is not None
            if now > link.deadline:
                self.close(link)
            elif link.dtls_at is not None and link.address is not None:
                try:
                    timeout = link.dtls.next_timeout()
                    if timeout is not None and timeout <= 0:
                        link.send_dtls(link.dtls.on_timeout(), link.address)
                except DtlsError:
                    self.close(link)

    def _check_paths(self, now: float) -> None:
        for link in list(self.links.values()):
            agent = link.agent
            if agent is None:
                continue
            if link.publisher is not None and now - link.publisher.heard_at < EXPECT_S:
                agent.on_send(now)  # who just sent media is expected to go on
            if link.sent_at > link.noted_at:
                link.noted_at = link.sent_at
                agent.on_send(link.sent_at)
            state = agent.on_timeout(now)
            link.address = agent.selected if agent.may_send(now) else None
            if state is PathState.CLOSED:
                self.close(link)
            elif link.srtp is not None and state is PathState.CONNECTED:
                self._tell(link, "connected")
            elif link.srtp is not None and state is PathState.SUSPECT:
                self._tell(link, "suspect")
            elif link.srtp is not None and state is PathState.LOST:
                self._tell(link, "lost")

    def _tell(self, link: Link, state: Literal["connected", "suspect", "lost", "closed"]) -> None:
        path = f"{link.address[0]}:{link.address[1]}" if link.address is not None else ""
        if link.told != (state, path):
            link.told = (state, path)
            self.on_message(TransportChanged(link.room.name, link.peer, link.side, state, path))

    def _note_stumble(self, now: float) -> None:
        if now - self._logged_at > 1.0:
            self._logged_at = now
            log.exception("a datagram was dropped")
