"""How a receiver's audio survives its link: which repair a microphone gets, and what that costs on the wire.

Theory of operation. Three tools, chosen by measured loss and the room that the link's estimate leaves (media.md §3;
the figures are printed by `bench/audio_repair.py`):

- *copies* (RED): a packet carries frames of earlier packets once more. Works at any round trip; a loss of one packet
  costs nothing once the frame comes a second time. Copies of the packet before mend single losses; a copy of several
  packets before mends short bursts, since the copy then lies outside of the burst.
- *resends* on NACK: cost only what was lost, but come a round trip late; worth it while that is less than what the
  receiver holds back anyway.
- *bundles*: two or three new frames a packet. The headers of 20 ms packets (64 bytes) cost as much as the speech in
  them; a bundle of three pays them once. That room goes to copies, or to the picture.

Audio is never paused and never above the room that is left, except that the plainest bundle is always sent: it is the
floor (design.md, law 1).

Every mode may follow every other from one packet to the next. The policy goes to more repair, or to less cost, at
once; back only when it held for some seconds, with a margin, so that a link at a limit does not flap.
"""

from __future__ import annotations

import enum

import msgspec

from media.red import MAX_PAYLOAD_BYTES, payload_bytes

# IPv4 and UDP 28, RTP 12, one extension element with the transport-wide number 8, AES-GCM tag 16
PACKET_OVERHEAD_BYTES = 64
FRAME_BYTES = 60  # Opus at 24 kbit/s in 20 ms; used until frames were seen
FRAME_S = 0.02

# media.md §3.3. Below LIGHT in-band concealment is inaudible and a resend costs less than a copy.
LIGHT_LOSS, HEAVY_LOSS = 0.02, 0.08
# Mean run of losses from which on they come in bursts, and below which they do not any more; single losses at 20 % have
# runs of 1.25.
BURST_PACKETS, NO_BURST_PACKETS = 1.8, 1.5
RESEND_RTT_S = 0.15  # 10 % lost left 0.7 % concealed at 60 ms, 0.9 at 120, 6.3 at 200
RTT_SLACK_S = 0.02  # above that, what is resent goes on being resent
LOWER_SHARE = 0.6  # loss must fall below this share of a limit …
LOWER_HOLD_S = 5.0  # … for this long before less repair is chosen: longer than one fade of a moving phone
ROOM_MARGIN = 1.2  # what costs more must fit with this much to spare …
ROOM_HOLD_S = 3.0  # … for this long

MAX_PACKET_S = 0.06  # of speech in a packet: what a lost one takes with it, and what a bundle adds to the delay

# What audio may take of the room: with one frame a packet it must leave most of the link to the picture, for two less
# so; a bundle of three may have nearly all of it, since then sound is all that there is room for.
_SHARES = {1: 0.4, 2: 0.6, 3: 0.9}


class AudioMode(msgspec.Struct, frozen=True):
    """How the frames of one microphone are put into packets."""

    frames: int = 1  # new frames a packet
    copies: tuple[int, ...] = ()  # which earlier packets' frames it repeats: 1 is the packet before
    resends: bool = False  # whether NACKs are answered

    @property
    def is_plain(self) -> bool:
        """Return whether packets are as the publisher made them."""
        return self.frames == 1 and not self.copies

    @property
    def name(self) -> str:
        """Return what logs and benches call it, such as "plain+nack", "red1+red2" or "bundle2+red1"."""
        parts = [f"bundle{self.frames}"] if self.frames > 1 else [] if self.copies else ["plain"]
        parts += [f"red{distance}" for distance in self.copies]
        parts += ["nack"] if self.resends else []
        return "+".join(parts)


PLAIN = AudioMode(resends=True)


def audio_bps(mode: AudioMode, frame_bytes: float = FRAME_BYTES, frame_s: float = FRAME_S) -> int:
    """Return what a microphone costs on the wire in `mode`, in bit/s of whole packets, without resends."""
    count = mode.frames * (1 + len(mode.copies))
    payload = frame_bytes if mode.is_plain else payload_bytes([1] * count) - count + count * frame_bytes
    return round((PACKET_OVERHEAD_BYTES + payload) * 8 / (mode.frames * frame_s))


# What is tried for a need, best first; the first one that there is room for is taken. The orders are measured:
# - A copy of four packets before mends what a copy of the packet before mends, and bursts besides (concealed at 10 %
#   loss: 0.9 against 1.4 %; at 15 % in runs of three: 4.4 against 10.3 %). It comes within what a receiver holds back.
# - While a resend comes in time, a bundle that is resent loses less than one with a copy, at two thirds of its cost
#   (10 % and 60 ms: 0.9 % at 33 kbit/s against 1.5 % at 54).
# - Resends beside copies: nothing at single losses, a third less at bursts (3.8 to 2.7 %), and nearly everything once
#   the receiver holds sound back for longer than a round trip (1.5 to 0.0 %).
_RED14, _BUNDLE2_RED12, _RED4 = AudioMode(1, (1, 4)), AudioMode(2, (1, 2)), AudioMode(1, (4,))
_BUNDLE2_RED2, _BUNDLE3_RED1 = AudioMode(2, (2,)), AudioMode(3, (1,))
_SINGLE, _BUNDLE2, _BUNDLE3 = AudioMode(1), AudioMode(2), AudioMode(3)


class Need(enum.IntEnum):
    """How much is lost."""

    NONE = 0
    LIGHT = 1
    HEAVY = 2


_WITH_RESENDS = {
    Need.NONE: (_SINGLE, _BUNDLE2, _BUNDLE3),
    Need.LIGHT: (_RED4, _SINGLE, _BUNDLE2, _BUNDLE3),
    Need.HEAVY: (_RED14, _BUNDLE2_RED12, _SINGLE, _BUNDLE2, _BUNDLE3),
}
_WITHOUT_RESENDS = {
    Need.NONE: (_SINGLE, _BUNDLE2, _BUNDLE3),
    Need.LIGHT: (_RED4, _BUNDLE2_RED2, _BUNDLE3_RED1, _BUNDLE2, _BUNDLE3),
    Need.HEAVY: (_RED14, _BUNDLE2_RED12, _RED4, _BUNDLE2_RED2, _BUNDLE3_RED1, _BUNDLE2, _BUNDLE3),
}


# Where losses come in bursts copies are spread wider (concealed at 15 % in runs of three: 1.5 against 2.3 %; but at
# 10 % of single losses 0.9 against 0.5 %).
_SPREAD = {(1, 4): (2, 6), (4,): (6,), (1, 2): (1, 3), (2,): (3,), (1,): (2,), (): ()}


class AudioRepairPolicy:
    """Choose the repair of one microphone for one receiver; see the module."""

    def __init__(self) -> None:
        self.mode = PLAIN
        self.need = Need.NONE
        self.is_bursty = False
        self._eased_at: float | None = None  # since when less would do
        self._roomy_at: float | None = None  # since when something better fits

    def choose(
        self,
        *,
        loss: float,
        loss_burst: float,
        rtt_s: float,
        room_bps: int,
        frame_bytes: float,
        frame_s: float,
        has_red: bool,
        now: float,
    ) -> AudioMode:
        """Return the mode for the next packets.

        Args:
            loss: share of packets lost on this receiver's link, smoothed over about 4 s (0..1).
            loss_burst: mean run length of losses, in packets.
            rtt_s: round trip to the receiver.
            room_bps: what the link leaves for this microphone, in bit/s of whole packets.
            frame_bytes: mean size of a frame.
            frame_s: length of a frame.
            has_red: whether the receiver takes RED.
            now: monotonic seconds.
        """
        loss = min(max(loss, 0.0), 1.0) if loss == loss else 0.0  # nothing is known from what is no number
        may_resend = rtt_s <= RESEND_RTT_S + (RTT_SLACK_S if self.mode.resends else 0.0)
        is_worse = self._judge(loss, loss_burst, now)
        tried = (_WITH_RESENDS if may_resend else _WITHOUT_RESENDS)[self.need] if has_red else (_SINGLE,)
        if self.is_bursty:
            tried = tuple(AudioMode(mode.frames, _SPREAD[mode.copies]) for mode in tried)
        choices = [mode for mode in tried if _is_possible(mode, frame_bytes, frame_s)] or [_SINGLE]
        costs = [audio_bps(mode, frame_bytes, frame_s) * (1 + loss * may_resend) for mode in choices]
        present = None if is_worse else AudioMode(self.mode.frames, self.mode.copies)
        mode = self._pick(choices, costs, present, room_bps, now)
        self.mode = AudioMode(mode.frames, mode.copies, may_resend)
        return self.mode

    def _judge(self, loss: float, loss_burst: float, now: float) -> bool:
        """Set the need: more at once, less when it was clearly less for a while. Return whether it is more."""
        self.is_bursty = loss_burst >= (NO_BURST_PACKETS if self.is_bursty else BURST_PACKETS)
        need = self._need(loss)
        if need > self.need:
            self.need, self._eased_at = need, None
            return True
        if self._need(loss / LOWER_SHARE) >= self.need:
            self._eased_at = None
        elif self._eased_at is None:
            self._eased_at = now
        elif now - self._eased_at >= LOWER_HOLD_S:
            self.need, self._eased_at = Need(self.need - 1), None
        return False

    def _need(self, loss: float) -> Need:
        # A burst may take a frame and its copy together, so the same loss hurts more.
        heavy = HEAVY_LOSS / 2 if self.is_bursty else HEAVY_LOSS
        return Need.NONE if loss < LIGHT_LOSS else Need.LIGHT if loss < heavy else Need.HEAVY

    def _pick(
        self, choices: list[AudioMode], costs: list[float], present: AudioMode | None, room_bps: int, now: float
    ) -> AudioMode:
        """Return the first choice that fits; one better than the present only after it fitted for a while."""
        shares = [_SHARES[mode.frames] * room_bps for mode in choices]
        fitting = [index for index in range(len(choices)) if costs[index] <= shares[index]]
        best = fitting[0] if fitting else len(choices) - 1
        here = next((index for index in fitting if choices[index] == present), None)
        better = [index for index in fitting if here is not None and index < here]
        roomy = [index for index in better if costs[index] * ROOM_MARGIN <= shares[index]]
        if here is None or not better:
            self._roomy_at = None
            return choices[best]
        if not roomy:
            self._roomy_at = None
        elif self._roomy_at is None:
            self._roomy_at = now
        elif now - self._roomy_at >= ROOM_HOLD_S:
            self._roomy_at = None
            return choices[roomy[0]]
        return choices[here]


def _is_possible(mode: AudioMode, frame_bytes: float, frame_s: float) -> bool:
    """Return whether packets of this mode are short enough, in time and bytes."""
    count = mode.frames * (1 + len(mode.copies))
    is_short = mode.frames == 1 or mode.frames * frame_s <= MAX_PACKET_S + 1e-9
    return is_short and (mode.is_plain or count * (frame_bytes + 4) <= MAX_PAYLOAD_BYTES)
