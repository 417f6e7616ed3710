"""Who receives what: the slots of each participant with a receiving connection, kept in step with the room's state."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from signaling import messages as m
from signaling.effects import Effect, FeedSlot, LimitHeight, Tell
from signaling.errors import Refused
from signaling.link_teller import LinkTeller
from signaling.links import LinkBoard, Reception, rung_of, slots_notice
from signaling.replica import find, source_of
from signaling.roles import Capability, Role, is_granted
from signaling.slots import MAX_TILES, Feed, assign, layout

LINKS_S = 2.0  # how often links may be told; the media plane reports as often
MAX_HEIGHT = 4320  # 8K: no screen shows more


class _Receiver(msgspec.Struct):
    slots: tuple[m.Slot, ...]
    feeds: dict[m.Slot, Feed | None] = {}
    limits: dict[m.Slot, int] = {}
    report: Reception | None = None
    told: m.Slots | None = None


class Receivers:
    """The receiving connections of a room."""

    def __init__(self, now: float) -> None:
        self._receivers: dict[m.PeerId, _Receiver] = {}
        self._board = LinkBoard()
        self._teller = LinkTeller()
        self._links_due = now + LINKS_S

    def slots_for(self, tiles: int, video: bool) -> tuple[m.Slot, ...]:
        """Return the slots that a `Subscribe` asks for.

        Raises:
            Refused: `tiles_invalid`.
        """
        if not 0 <= tiles <= MAX_TILES:
            raise Refused("tiles_invalid", f"小画面的数量应在 0 到 {MAX_TILES} 之间。")
        return layout(tiles, video)

    def has(self, peer: m.PeerId) -> bool:
        """Return whether `peer` has a receiving connection."""
        return peer in self._receivers

    def subscribe(
        self, state: m.Snapshot, peer: m.PeerId, slots: tuple[m.Slot, ...], opened: Sequence[m.PeerId]
    ) -> list[Effect]:
        """Note that the worker made a receiving connection, and fill its slots. Limits of before stay."""
        before = self._receivers.get(peer)
        limits = {} if before is None else {slot: high for slot, high in before.limits.items() if slot in slots}
        self._receivers[peer] = _Receiver(slots, dict.fromkeys(slots), limits)
        effects: list[Effect] = [LimitHeight(peer, slot, high) for slot, high in limits.items()]
        return effects + self._fill(state, peer, opened)

    def limit(self, peer: m.PeerId, slot: m.Slot, max_height: int) -> list[Effect]:
        """Limit a picture.

        Raises:
            Refused: `not_subscribed`, `slot_unknown` or `height_invalid`.
        """
        receiver = self._receivers.get(peer)
        if receiver is None:
            raise Refused("not_subscribed", "还没有建立接收连接。")
        if slot not in receiver.slots:
            raise Refused("slot_unknown", "没有这个画面位置。")
        if not 0 <= max_height <= MAX_HEIGHT:
            raise Refused("height_invalid", f"画面高度应在 0 到 {MAX_HEIGHT} 之间。")
        receiver.limits[slot] = max_height
        return [LimitHeight(peer, slot, max_height)]

    def forget(self, peer: m.PeerId) -> None:
        """Drop the connection of `peer`: its media was closed."""
        self._receivers.pop(peer, None)
        self._board.forget(peer)

    def forget_all(self) -> None:
        """Drop all connections: the worker that held them is gone."""
        for peer in list(self._receivers):
            self.forget(peer)

    def refill(self, state: m.Snapshot, opened: Sequence[m.PeerId]) -> list[Effect]:
        """Return what must change so that every slot shows what the state asks for."""
        return [effect for peer in self._receivers for effect in self._fill(state, peer, opened)]

    def on_reception(self, state: m.Snapshot, peer: m.PeerId, report: Reception) -> tuple[m.Rung | None, list[Effect]]:
        """Take in the media plane's report of `peer`; return its rung (None: it receives nothing) and what to tell."""
        receiver = self._receivers.get(peer)
        feeds, limits = ({}, {}) if receiver is None else (receiver.feeds, receiver.limits)
        pictures = {} if _rests(state, peer) else feeds  # judged by what the link could carry
        rung = rung_of(report, pictures, limits, has_pages=state.deck is not None)
        rung = self._board.on_report(peer, report, rung, _is_heard(state, report, feeds.get("audio0")))
        if receiver is None:
            return None, []
        receiver.report = report
        return rung, self._tell(peer, receiver)

    def on_bill(self, peer: m.PeerId, bytes_down: int, *, limited: bool) -> None:
        """Take in what the lesson has cost `peer` so far, and whether a data cap holds it down."""
        self._board.on_bill(peer, bytes_down, limited=limited)

    def on_way(self, peer: m.PeerId, path: m.MediaPath) -> None:
        """Take in which way media takes to `peer`, as its page says."""
        self._board.on_way(peer, path)

    def on_path(self, peer: m.PeerId, is_lost: bool) -> None:
        """Take in that the way to `peer` was lost or is back."""
        self._board.on_path(peer, "lost" if is_lost else "connected")

    def link_state(self, peer: m.PeerId) -> m.LinkState:
        """Return how the way to `peer` is; one that nothing is known of is well."""
        return self._board.state(peer)

    @property
    def links(self) -> m.Links:
        """All links that are known."""
        return self._board.all()

    def next_timeout(self) -> float:
        """Return when links are told next."""
        return self._links_due

    def greet(self, peer: m.PeerId) -> None:
        """Take in that `peer` has a new socket: it is told all links again that it may see."""
        self._teller.forget(peer)

    def on_timeout(self, state: m.Snapshot, now: float) -> list[Effect]:
        """Tell links that changed when it is time: those who may see all, else of one's own and that of one's room."""
        if now < self._links_due:
            return []
        self._links_due = now + LINKS_S
        everything = self._board.by_peer()
        effects: list[Effect] = []
        online = [one for one in state.participants if one.online]
        self._teller.keep(one.peer for one in online)
        for one in online:
            seen = everything
            if not is_granted(one.role, Capability.SEE_LINKS):
                seen = {peer: everything[peer] for peer in _own(state, one) if peer in everything}
            notice = self._teller.tell(one.peer, seen, now)
            if notice is not None:
                effects.append(Tell(one.peer, notice))
        return effects

    def _fill(self, state: m.Snapshot, peer: m.PeerId, opened: Sequence[m.PeerId]) -> list[Effect]:
        receiver = self._receivers[peer]
        feeds = assign(state, peer, receiver.slots, opened, receiver.feeds)
        effects: list[Effect] = []
        for slot, feed in feeds.items():
            if feed != receiver.feeds[slot]:
                from_peer, source = (None, None) if feed is None else (feed.peer, feed.source)
                effects.append(FeedSlot(peer, slot, from_peer, source))
        receiver.feeds = feeds
        return effects + self._tell(peer, receiver)

    def _tell(self, peer: m.PeerId, receiver: _Receiver) -> list[Effect]:
        notice = slots_notice(receiver.report, receiver.feeds)
        if notice == receiver.told:
            return []
        receiver.told = notice
        return [Tell(peer, notice)]


def _rests(state: m.Snapshot, peer: m.PeerId) -> bool:
    """Return whether `peer` gets no moving picture on purpose: a classroom in group work."""
    one = find(state, peer)
    return state.phase == "group_work" and one is not None and one.role is Role.CLASSROOM


def _own(state: m.Snapshot, one: m.Participant) -> tuple[m.PeerId, ...]:
    """Return whose links `one` may see: the own, and for a local teacher that of the classroom's screen."""
    if one.role is not Role.LOCAL_TEACHER or one.classroom is None:
        return (one.peer,)
    rooms = (seat for seat in state.participants if seat.role is Role.CLASSROOM and seat.classroom == one.classroom)
    return (one.peer, *(seat.peer for seat in rooms))


def _is_heard(state: m.Snapshot, report: Reception, voice: Feed | None) -> bool:
    """Return whether the lead's voice arrives, when there is one to arrive."""
    if voice is None:
        return True
    speaker = find(state, voice.peer)
    mic = source_of(speaker, "mic") if speaker is not None else None
    if mic is None or mic.muted:
        return True
    return any(one.slot == "audio0" and one.bps > 0 for one in report.slots)
