"""Carry out what the web process asks of a worker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from media import control, sdp
from media.control import Command, Message, SlotMid, SlotSpec
from media.forwarder import Forwarder, Room
from media.ice import Credentials
from media.sdp import LocalTransport, NegotiatedMedia, SdpError
from media.subscriber import Subscriber
from media.tap_feed import TapFeed
from media.transport.link import Link
from media.transport.port import MediaPort
from media.up_track import UpTrack

WHEP_SLOTS = (SlotSpec("lecturer", "video"), SlotSpec("audio0", "audio"))


class _Refused(Exception):
    """A request that cannot be carried out: code and detail of `Failed`."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail


class Commands:
    """The commands of `media.control`, each answered at once."""

    def __init__(self, port: MediaPort, forwarder: Forwarder, addresses: Sequence[str], *, adapts: bool = True) -> None:
        self._port = port
        self._adapts = adapts
        self._forwarder = forwarder
        self._addresses = tuple(addresses)
        self.new_taps: list[TapFeed] = []

    def carry_out(self, command: Command, now: float) -> Message | None:
        """Do it; return the answer, None when the command has none."""
        if not isinstance(
            command,
            control.Publish
            | control.Subscribe
            | control.RestartSubscribe
            | control.AcceptSubscribe
            | control.SubscribeWithOffer,
        ):
            self._plain(command, now)
            return None
        try:
            room = self._forwarder.rooms.get(command.room)
            if room is None:
                raise _Refused("room_unknown", "课堂不在这个媒体进程上")
            if isinstance(command, control.Publish):
                return self._publish(room, command, now)
            if isinstance(command, control.Subscribe):
                return self._subscribe(room, command, now)
            if isinstance(command, control.SubscribeWithOffer):
                return self._subscribe_with_offer(room, command, now)
            if isinstance(command, control.RestartSubscribe):
                return self._restart_subscribe(room, command, now)
            return self._accept(room, command, now)
        except (SdpError, _Refused) as error:
            return control.Failed(command.request, error.code, error.detail)

    def _plain(self, command: Command, now: float) -> None:
        forwarder = self._forwarder
        if isinstance(command, control.OpenRoom):
            forwarder.open_room(command.room)
            return
        room = forwarder.rooms.get(getattr(command, "room", ""))
        if room is None:
            return
        if isinstance(command, control.CloseRoom):
            for publisher in room.publishers.values():
                self._port.remove(publisher)
            for subscriber in room.subscribers.values():
                self._port.remove(subscriber)
            forwarder.close_room(command.room)
        elif isinstance(command, control.ClosePeer):
            self._close_peer(room, command)
        elif isinstance(command, control.SetTap):
            self._set_tap(room, command.socket_path)
        elif isinstance(command, control.SetSource):
            forwarder.set_source(room, command.peer, command.source, command.active)
        elif isinstance(command, control.SetMute):
            forwarder.set_mute(room, command.peer, command.source, command.muted, now)
        elif isinstance(command, control.FillSlot):
            track = None
            if command.from_peer is not None and command.source is not None:
                track = room.track(command.from_peer, command.source)
            forwarder.fill_slot(room, command.peer, command.slot, track, now)
        elif isinstance(command, control.LimitSlot):
            forwarder.limit_slot(room, command.peer, command.slot, command.max_height, now)
        elif isinstance(command, control.LimitPeer):
            forwarder.limit_peer(room, command.peer, command.ceiling_bps, now, video_allowed=command.video_allowed)
        elif isinstance(command, control.WantBesides) and command.peer in room.subscribers:
            room.subscribers[command.peer].besides_bps = command.bps

    def _close_peer(self, room: Room, command: control.ClosePeer) -> None:
        publisher, subscriber = room.publishers.get(command.peer), room.subscribers.get(command.peer)
        if publisher is not None and command.side in (None, "publish"):
            self._port.remove(publisher)
        if subscriber is not None and command.side in (None, "subscribe"):
            self._port.remove(subscriber)
        self._forwarder.remove_peer(room, command.peer, command.side)

    def _set_tap(self, room: Room, path: str) -> None:
        if room.tap is not None and room.tap.socket_path == path:
            return
        tap = TapFeed(room.name, path) if path else None
        self._forwarder.set_tap(room, tap)
        if tap is not None:
            self.new_taps.append(tap)

    def _local(self, credentials: Credentials) -> LocalTransport:
        return LocalTransport(
            ufrag=credentials.ufrag,
            pwd=credentials.pwd,
            fingerprint=self._port.certificate.fingerprint,
            addresses=self._addresses,
            port=self._port.udp.port,
        )

    # --- to send ---------------------------------------------------------------------------------------------------

    def _publish(self, room: Room, command: control.Publish, now: float) -> Message:
        remote = sdp.read_remote(command.offer)
        old = room.publishers.get(command.peer)
        link = self._port.links.get(old) if old is not None else None
        if link is not None and link.remote is not None and link.remote.fingerprints == remote.fingerprints:
            return self._republish(room, link, command, now)
        credentials = self._port.credentials()
        session_id = self._port.session_id()
        negotiated = sdp.answer_publish(command.offer, self._local(credentials), session_id=session_id)
        tracks = _tracks(room, command, negotiated.media)
        if old is not None:
            self._port.remove(old)
        publisher = self._forwarder.add_publisher(room, command.peer, now)
        publisher.negotiate(negotiated.media, tracks)
        link = Link(self._port.udp, room, command.peer, "publish", publisher)
        link.session_id = session_id
        self._port.add(link, credentials, now)
        assert negotiated.remote is not None
        link.expect(negotiated.remote, self._port.certificate, now)
        return control.Sdp(command.request, negotiated.sdp)

    def _republish(self, room: Room, link: Link, command: control.Publish, now: float) -> Message:
        """Answer the same client again: with other ICE credentials a restart, else a further m-line."""
        assert link.agent is not None and link.remote is not None and link.publisher is not None
        remote = sdp.read_remote(command.offer)
        is_restart = (remote.ufrag, remote.pwd) != (link.remote.ufrag, link.remote.pwd)
        credentials = self._port.credentials() if is_restart else link.agent.local
        negotiated = sdp.answer_publish(
            command.offer, self._local(credentials), session_id=link.session_id, version=link.version + 1
        )
        link.version += 1
        link.publisher.negotiate(negotiated.media, _tracks(room, command, negotiated.media))
        if is_restart:
            self._port.restart(link, credentials, now)
        link.remote = remote
        return control.Sdp(command.request, negotiated.sdp)

    # --- to receive ------------------------------------------------------------------------------------------------

    def _make_subscriber(
        self, room: Room, peer: str, slots: Sequence[SlotSpec], now: float, known_bps: int = 0
    ) -> tuple[Link, Subscriber]:
        kinds = [(slot.slot, slot.kind) for slot in slots]
        subscriber = Subscriber(peer, kinds, self._port.rng, now, known_bps=known_bps, adapts=self._adapts)
        return Link(self._port.udp, room, peer, "subscribe", subscriber), subscriber

    def _install(self, room: Room, link: Link, subscriber: Subscriber, credentials: Credentials, now: float) -> None:
        old = room.subscribers.get(link.peer)
        if old is not None:
            self._port.remove(old)
        self._forwarder.add_subscriber(room, subscriber)
        self._port.add(link, credentials, now)

    def _subscribe(self, room: Room, command: control.Subscribe, now: float) -> Message:
        link, subscriber = self._make_subscriber(room, command.peer, command.slots, now, command.known_bps)
        credentials = self._port.credentials()
        link.session_id = self._port.session_id()
        link.negotiated = sdp.offer_subscribe(
            subscriber.offer_slots(), self._local(credentials), session_id=link.session_id
        )
        self._install(room, link, subscriber, credentials, now)
        return control.Sdp(command.request, link.negotiated.sdp, _mids(subscriber, link.negotiated.media))

    def _restart_subscribe(self, room: Room, command: control.RestartSubscribe, now: float) -> Message:
        link, subscriber = self._receiver(room, command.peer)
        credentials = self._port.credentials()
        link.version += 1
        link.negotiated = sdp.offer_subscribe(
            subscriber.offer_slots(), self._local(credentials), session_id=link.session_id, version=link.version
        )
        self._port.restart(link, credentials, now)
        return control.Sdp(command.request, link.negotiated.sdp, _mids(subscriber, link.negotiated.media))

    def _accept(self, room: Room, command: control.AcceptSubscribe, now: float) -> Message:
        link, subscriber = self._receiver(room, command.peer)
        if link.negotiated is None:
            raise _Refused("peer_unknown", "这个接收端没有等待应答的提议")
        accepted = sdp.accept_answer(link.negotiated, command.answer)
        assert accepted.remote is not None
        if link.remote is not None and link.remote.fingerprints != accepted.remote.fingerprints:
            raise _Refused("sdp_malformed", "应答的证书指纹与此前不同，请重新订阅")
        subscriber.negotiate(accepted.media)
        link.expect(accepted.remote, self._port.certificate, now)
        return control.Done(command.request)

    def _receiver(self, room: Room, peer: str) -> tuple[Link, Subscriber]:
        subscriber = room.subscribers.get(peer)
        link = self._port.links.get(subscriber) if subscriber is not None else None
        if subscriber is None or link is None:
            raise _Refused("peer_unknown", "没有这个接收端，请重新订阅")
        return link, subscriber

    def _subscribe_with_offer(self, room: Room, command: control.SubscribeWithOffer, now: float) -> Message:
        link, subscriber = self._make_subscriber(room, command.peer, WHEP_SLOTS, now)
        credentials = self._port.credentials()
        link.session_id = self._port.session_id()
        negotiated = sdp.answer_subscribe(
            command.offer, self._local(credentials), subscriber.offer_slots(), session_id=link.session_id
        )
        assert negotiated.remote is not None
        self._install(room, link, subscriber, credentials, now)
        by_kind = {line.kind: line for line in reversed(negotiated.media) if line.active}
        for down in subscriber.slots.values():
            if down.kind in by_kind:
                down.negotiate(by_kind[down.kind])
        link.expect(negotiated.remote, self._port.certificate, now)
        mids = tuple(
            SlotMid(by_kind[down.kind].mid, down.slot, down.kind)
            for down in subscriber.slots.values()
            if down.kind in by_kind
        )
        return control.Sdp(command.request, negotiated.sdp, mids)


def _kind_of(source: control.Source) -> control.Kind:
    """Return the kind of media that a source is."""
    return "audio" if source in control.AUDIO_SOURCES else "video"


def _mids(subscriber: Subscriber, media: Sequence[NegotiatedMedia]) -> tuple[SlotMid, ...]:
    return tuple(
        SlotMid(line.mid, down.slot, down.kind) for down, line in zip(subscriber.slots.values(), media, strict=True)
    )


def _tracks(room: Room, command: control.Publish, media: Sequence[NegotiatedMedia]) -> Mapping[str, UpTrack]:
    """Return the track that each m-line feeds; without `sources`: mic, camera, screen in the order of the offer."""
    if command.sources:
        return {
            line.mid: room.track(command.peer, line.source)
            for line in command.sources
            if any(
                item.mid == line.mid and (item.kind == "audio") == (line.source in control.AUDIO_SOURCES)
                for item in media
            )
        }
    tracks: dict[str, UpTrack] = {}
    audio = [line for line in media if line.kind == "audio" and line.active]
    video = [line for line in media if line.kind == "video" and line.active]
    if audio:
        tracks[audio[0].mid] = room.track(command.peer, "mic")
    if video:
        tracks[video[0].mid] = room.track(command.peer, "camera")
    if len(video) > 1:
        tracks[video[1].mid] = room.track(command.peer, "screen")
    return tracks
