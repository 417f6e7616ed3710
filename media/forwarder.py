"""Rooms, and the way of a packet through them.

Theory of operation. The shell hands every decrypted packet of a publisher to `on_rtp`; it is read and put on its
track's `pending` list, nothing more. After the batch (all datagrams of one wake of the loop) the shell takes
`poll_ready`, lets every receiver that is concerned write its packets into one buffer, and calls `end_batch`. So the
work for a receiver is done once a batch and not once a packet, and its packets lie side by side for one segmented send.

Time is monotonic seconds, given by the caller. RTCP that has to leave is taken with `poll_rtcp`, news for the web
process with `poll_news`, what the recorder gets from the room's `TapFeed`.
"""

from __future__ import annotations

import random
from collections.abc import Iterator

from media import rtcp
from media.control import Message, Source, TrackChanged, VoiceHeard
from media.demand import poll_demand
from media.down_track import DownTrack, Outgoing
from media.keyframe import KeyframeRequester
from media.publisher import Publisher
from media.subscriber import Subscriber
from media.tap_feed import TapFeed
from media.up_track import SILENT_S, Layer, UpTrack

HOUSEKEEPING_S = 0.25
LINKS_S = 0.02  # a link that fell silent is noticed so much later than it could be


class Room:
    """One lesson's media."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.publishers: dict[str, Publisher] = {}
        self.subscribers: dict[str, Subscriber] = {}
        self.tracks: dict[tuple[str, Source], UpTrack] = {}
        self.tap: TapFeed | None = None

    def track(self, peer: str, source: Source) -> UpTrack:
        """Return the track, made when a slot or a publisher first speaks of it."""
        track = self.tracks.get((peer, source))
        if track is None:
            track = self.tracks[peer, source] = UpTrack(peer, source)
        return track

    def tidy(self) -> None:
        """Forget tracks that nobody sends and no slot shows."""
        for key, track in list(self.tracks.items()):
            if key[0] not in self.publishers and not track.downs:
                del self.tracks[key]


class Forwarder:
    """All rooms of a worker."""

    def __init__(self, rng: random.Random) -> None:
        self.rooms: dict[str, Room] = {}
        self.packets_in = 0
        self._rng = rng
        self._touched: list[Layer] = []
        self._rtcp: list[tuple[Publisher | Subscriber, bytes]] = []
        self._news: list[Message] = []
        self._gate: KeyframeRequester[tuple[str, str, Source]] = KeyframeRequester()
        self._house_at = self._links_at = 0.0

    # --- rooms and peers -------------------------------------------------------------------------------------------

    def open_room(self, name: str) -> Room:
        """Return the room, made when it is new."""
        room = self.rooms.get(name)
        if room is None:
            room = self.rooms[name] = Room(name)
        return room

    def close_room(self, name: str) -> None:
        """Forget the room and everyone in it."""
        room = self.rooms.pop(name, None)
        if room is not None:
            for peer in [*room.publishers, *room.subscribers]:
                self._remove_publisher(room, peer)
                self._remove_subscriber(room, peer)
            if room.tap is not None:
                room.tap.close()

    def add_publisher(self, room: Room, peer: str, now: float) -> Publisher:
        """Return a new publisher of the peer, in place of an older one."""
        self._remove_publisher(room, peer)
        publisher = room.publishers[peer] = Publisher(peer, self._rng.randrange(1, 1 << 32), now)
        return publisher

    def add_subscriber(self, room: Room, subscriber: Subscriber) -> None:
        """Put a receiver into the room, in place of the peer's older one."""
        self._remove_subscriber(room, subscriber.peer)
        room.subscribers[subscriber.peer] = subscriber

    def start_subscriber(self, room: Room, subscriber: Subscriber, now: float) -> None:
        """Begin to feed the slots of a receiver whose transport is up."""
        subscriber.is_started = True
        subscriber.update_layers(now, at_once=True)
        self._serve_wishes(room, now)

    def remove_peer(self, room: Room, peer: str, side: str | None) -> None:
        """Forget a peer, or one side of it."""
        if side in (None, "publish"):
            self._remove_publisher(room, peer)
        if side in (None, "subscribe"):
            self._remove_subscriber(room, peer)
        room.tidy()

    def _remove_publisher(self, room: Room, peer: str) -> None:
        publisher = room.publishers.pop(peer, None)
        if publisher is None:
            return
        for line in publisher.lines:
            self._end_track(room, line.track)
            self._gate.forget((room.name, peer, line.track.source))

    def _remove_subscriber(self, room: Room, peer: str) -> None:
        subscriber = room.subscribers.pop(peer, None)
        if subscriber is not None:
            subscriber.close()

    def _end_track(self, room: Room, track: UpTrack) -> None:
        if room.tap is not None:
            room.tap.close_track(track)
        track.clear()
        self._tell(room, track, heard=False)

    def _tell(self, room: Room, track: UpTrack, *, heard: bool) -> None:
        if track.is_heard == heard:
            return
        track.is_heard = heard
        layer = next(iter(track.layers.values()), None)
        codec = layer.codec.name if heard and layer is not None else ""
        self._news.append(TrackChanged(room.name, track.peer, track.source, heard, codec))

    # --- commands --------------------------------------------------------------------------------------------------

    def set_source(self, room: Room, peer: str, source: Source, active: bool) -> None:
        """Use a source or not; an unused one is ended and its layers are forgotten."""
        track = room.track(peer, source)
        if active != track.is_active:
            track.is_active = active
            if not active:
                self._end_track(room, track)
            publisher = room.publishers.get(peer)
            if publisher is not None:
                publisher.forget(track)

    def set_mute(self, room: Room, peer: str, source: Source, muted: bool, now: float) -> None:
        """Drop what arrives of this source, or let it through again."""
        track = room.track(peer, source)
        track.set_muted(muted)
        for subscriber in self._receivers(room, track):
            subscriber.update_layers(now, at_once=True)
        if not muted:
            self._serve_wishes(room, now)

    def fill_slot(self, room: Room, peer: str, slot: str, track: UpTrack | None, now: float) -> None:
        """Feed a slot of a receiver from a track, or from nothing."""
        subscriber = room.subscribers.get(peer)
        down = subscriber.slots.get(slot) if subscriber is not None else None
        if subscriber is None or down is None or (track is not None and track.kind != down.kind):
            return
        down.feed(track)
        subscriber.update_layers(now, at_once=True)
        self._serve_wishes(room, now)
        room.tidy()

    def limit_slot(self, room: Room, peer: str, slot: str, max_height: int, now: float) -> None:
        """Show no more lines than this in the slot."""
        subscriber = room.subscribers.get(peer)
        if subscriber is not None and slot in subscriber.slots:
            subscriber.slots[slot].max_height = max_height
            subscriber.update_layers(now, at_once=True)
            self._serve_wishes(room, now)

    def limit_peer(self, room: Room, peer: str, ceiling_bps: int, now: float, *, video_allowed: bool) -> None:
        """Send a receiver no more than this in all (0: no limit), and video only if it is allowed."""
        subscriber = room.subscribers.get(peer)
        if subscriber is not None:
            subscriber.set_limit(ceiling_bps, video_allowed=video_allowed)
            subscriber.update_layers(now, at_once=True)
            self._serve_wishes(room, now)

    def set_tap(self, room: Room, tap: TapFeed | None) -> None:
        """Give the recorder what is published in the room from now on, or no longer."""
        if room.tap is not None:
            room.tap.close()
        room.tap = tap

    @staticmethod
    def _receivers(room: Room, track: UpTrack) -> Iterator[Subscriber]:
        slots = {id(down) for down in track.downs}
        return (item for item in room.subscribers.values() if any(id(down) in slots for down in item.slots.values()))

    # --- packets ---------------------------------------------------------------------------------------------------

    def on_rtp(self, room: Room, publisher: Publisher, packet: bytes, arrival_ns: int, now: float) -> None:
        """Take a decrypted packet of a publisher; what it is worth to others waits for the end of the batch."""
        self.packets_in += 1
        result = publisher.on_rtp(packet, arrival_ns, now)
        if result is None:
            return
        item, original = result
        layer = item.layer
        track = layer.track
        if not track.is_heard:
            self._tell(room, track, heard=True)
        if item.begins_keyframe:
            self._gate.on_keyframe((room.name, track.peer, track.source), now)
        if track.is_muted:
            return
        if track.source == "mic" and publisher.speaks(track, original, now):
            self._news.append(VoiceHeard(room.name, track.peer))
        if layer.first_index == item.index:
            self._choose_again(room, track, now)
        if room.tap is not None:
            room.tap.on_packet(layer, original, item)
        if track.downs:
            if not layer.pending:
                self._touched.append(layer)
            layer.pending.append(item)
            layer.pending_bytes += len(packet)

    def _choose_again(self, room: Room, track: UpTrack, now: float) -> None:
        """Let whoever shows the track choose again, now that a layer began or ended, and the recorder too."""
        if room.tap is not None:
            room.tap.choose(track, now)
        for subscriber in self._receivers(room, track):
            subscriber.update_layers(now, at_once=True)
        self._serve_wishes(room, now)

    @property
    def has_pending(self) -> bool:
        """Return whether packets wait to be forwarded."""
        return bool(self._touched)

    def poll_ready(self) -> dict[Subscriber, list[DownTrack]]:
        """Return who must write packets of this batch, with the slots concerned, audio first."""
        ready: dict[Subscriber, list[DownTrack]] = {}
        touched = self._touched
        if len(touched) > 1:
            touched.sort(key=_audio_first)
        for layer in touched:
            for down in layer.track.downs:
                owner = down.owner
                if owner is not None and (layer is down.target or down.takes(layer)):
                    slots = ready.get(owner)
                    if slots is None:
                        ready[owner] = [down]
                    elif down not in slots:  # a slot between two layers takes both
                        slots.append(down)
        return ready

    def end_batch(self) -> None:
        """Forget the packets of this batch."""
        for layer in self._touched:
            layer.pending.clear()
            layer.pending_bytes = 0
        self._touched.clear()

    def on_publisher_rtcp(self, room: Room, publisher: Publisher, data: bytes, now: float) -> None:
        """Take a decrypted RTCP packet of a publisher."""
        for packet in rtcp.parse_compound(data)[0]:
            layer = publisher.on_rtcp(packet, now)
            if layer is not None and room.tap is not None:
                room.tap.on_report(layer, now)

    def on_subscriber_rtcp(self, room: Room, subscriber: Subscriber, data: bytes, out: Outgoing, now: float) -> None:
        """Take a decrypted RTCP packet of a receiver; what must be resent is written to `out`."""
        for packet in rtcp.parse_compound(data)[0]:
            subscriber.on_rtcp(packet, out, now)
        subscriber.update_layers(now)
        if subscriber.keyframe_wishes:
            self._serve(room, subscriber, now)

    # --- keyframes -------------------------------------------------------------------------------------------------

    def _serve_wishes(self, room: Room, now: float) -> None:
        for subscriber in room.subscribers.values():
            if subscriber.keyframe_wishes:
                self._serve(room, subscriber, now)

    def _serve(self, room: Room, subscriber: Subscriber, now: float) -> None:
        for track in subscriber.keyframe_wishes:
            self._want_keyframe(room, track, now)
        subscriber.keyframe_wishes.clear()

    def _want_keyframe(self, room: Room, track: UpTrack, now: float) -> None:
        if track.layers and not track.is_muted and self._gate.request((room.name, track.peer, track.source), now):
            self._send_pli(room, track)

    def _send_pli(self, room: Room, track: UpTrack) -> None:
        publisher = room.publishers.get(track.peer)
        data = publisher.keyframe_request(track) if publisher is not None else None
        if publisher is not None and data is not None:
            self._gate.set_rtt((room.name, track.peer, track.source), publisher.rtt_s)
            self._rtcp.append((publisher, data))

    def want_keyframe(self, room: Room, number: int, now: float) -> None:
        """Ask for a keyframe of the recorder's track `number`."""
        track = room.tap.track_of(number) if room.tap is not None else None
        if track is not None:
            self._want_keyframe(room, track, now)

    # --- timers ----------------------------------------------------------------------------------------------------

    def on_timeout(self, now: float) -> None:
        """Do what is due: feedback and repair for publishers; four times a second layers, reports and silence."""
        for name, peer, source in self._gate.on_timeout(now):
            room = self.rooms.get(name)
            track = room.tracks.get((peer, source)) if room is not None else None
            if room is not None and track is not None:
                self._send_pli(room, track)
        if now >= self._links_at:
            self._links_at = now + LINKS_S
            for room in self.rooms.values():
                for subscriber in room.subscribers.values():
                    subscriber.link.on_timeout(now)
        for room in self.rooms.values():
            for publisher in room.publishers.values():
                self._rtcp += [(publisher, data) for data in publisher.poll_feedback(now)]
        if now >= self._house_at:
            self._house_at = now + HOUSEKEEPING_S
            for room in self.rooms.values():
                self._keep_house(room, now)

    def _keep_house(self, room: Room, now: float) -> None:
        for subscriber in room.subscribers.values():
            voice = room.tracks.get((subscriber.peer, "mic"))
            subscriber.is_conversing = voice is not None and voice.is_heard and not voice.is_muted
            subscriber.update_layers(now)
            self._rtcp += [(subscriber, data) for data in subscriber.poll_reports(now)]
        for track in room.tracks.values():
            if track.is_heard and all(now - layer.last_at > SILENT_S for layer in track.layers.values()):
                self._tell(room, track, heard=False)
            if track.take_fall(now):
                self._choose_again(room, track, now)
            if room.tap is not None and not track.is_muted:
                room.tap.choose(track, now)
            if track.keyframe_wish:
                track.keyframe_wish = False
                self._want_keyframe(room, track, now)
        self._serve_wishes(room, now)
        self._news += poll_demand(room, now)

    def poll_rtcp(self) -> list[tuple[Publisher | Subscriber, bytes]]:
        """Return the RTCP that must leave, with the transport's owner."""
        items, self._rtcp = self._rtcp, []
        return items

    def poll_news(self) -> list[Message]:
        """Return what the web process must know."""
        items, self._news = self._news, []
        return items


def _audio_first(layer: Layer) -> bool:
    return layer.track.kind != "audio"
