"""The receiving side of a peer: its slots, what its link carries, and what it asks for.

One `Subscriber` is one transport. `write_media` is the fast path: it writes what the slots' tracks got in this batch,
audio first, and the shell encrypts and sends it. What the receiver reports (transport-wide feedback; REMB or
plain reports from clients without it) moves the estimate; the `LayerPolicy` turns the estimate into layers.
"""

from __future__ import annotations

import random
from collections.abc import Sequence

from media import rtcp
from media.bwe.aimd import FLOOR_BPS, START_BPS, AimdEstimator
from media.bwe.estimator import BandwidthEstimator
from media.bwe.report_loss import ReportLossEstimator
from media.control import Kind, SlotReport
from media.down_track import DownTrack, Outgoing
from media.layers import LayerPolicy, LayerSelector, LayerView, SlotView
from media.sdp import NegotiatedMedia, OfferSlot
from media.twcc import TwccSendLog
from media.up_track import UpTrack

REPORT_INTERVAL_S = 1.0
POLICY_INTERVAL_S = 0.25  # media.md §2.8
POLICY_CHANGE = 0.05  # an estimate that moved by more is acted on at once
PROBE_STEP_S = 0.02  # a probe is spread over steps of this length …
PROBE_S = 0.1  # … for this long (media/bwe/aimd.py)
PROBE_INTERVAL_S = 2.0  # between probes, x1.5 when one taught nothing (media.md §2.7)
MAX_PROBE_INTERVAL_S = 20.0
FEEDBACK_STALE_S = 3.0
KNOWN_SHARE = 0.7  # of what a link was known to carry is what its next transport begins with (media.md §2.5)


class Subscriber:
    """One receiving transport of a peer."""

    def __init__(
        self, peer: str, slots: Sequence[tuple[str, Kind]], rng: random.Random, now: float, *, known_bps: int = 0
    ) -> None:
        self.peer = peer
        self.slots: dict[str, DownTrack] = {}
        self.rtt_s = 0.1
        self.loss = 0.0
        self.sent_bytes = 0
        self.is_started = False
        self.has_feedback = False
        self.log = TwccSendLog(rng.randrange(1 << 15))
        self.estimator: BandwidthEstimator = AimdEstimator(now, start_bps=_start_bps(known_bps))
        self.policy: LayerPolicy = LayerSelector()
        self._by_reports = ReportLossEstimator(
            self.estimator.estimate_bps(now)
        )  # used until transport-wide feedback or REMB is heard
        self.keyframe_wishes: set[UpTrack] = set()
        self._by_ssrc: dict[int, DownTrack] = {}
        self._own_ssrc = 0
        self._remb_bps = 0
        self._remb_at = -100.0
        self._feedback_at = -100.0
        self._report_at = now
        self._policy_at = now
        self._policy_bps = 0
        self._probe_until = -1.0
        self._probe_at = -1.0
        self._probe_bps = 0
        self._probe_next = now
        self._probe_interval_s = PROBE_INTERVAL_S
        self._probed_bps = 0  # the estimate before the last probe
        used: set[int] = set()
        for slot, kind in slots:
            self._add(slot, kind, rng, used)

    def _add(self, slot: str, kind: Kind, rng: random.Random, used: set[int]) -> None:
        ssrc, rtx_ssrc = _new_ssrc(rng, used), _new_ssrc(rng, used) if kind == "video" else 0
        down = DownTrack(slot, kind, ssrc, rtx_ssrc, rng)
        down.owner = self
        self.slots[slot] = down
        self._by_ssrc[ssrc] = down
        if rtx_ssrc:
            self._by_ssrc[rtx_ssrc] = down
        self._own_ssrc = self._own_ssrc or ssrc

    def offer_slots(self) -> list[OfferSlot]:
        """Return the slots as an offer or answer lists them."""
        return [OfferSlot(down.slot, down.kind, down.ssrc, down.rtx_ssrc) for down in self.slots.values()]

    def negotiate(self, media: Sequence[NegotiatedMedia]) -> None:
        """Take what the client agreed to, one m-line for each slot in order."""
        for down, line in zip(self.slots.values(), media, strict=False):
            down.negotiate(line)

    def close(self) -> None:
        """Leave all tracks."""
        for down in self.slots.values():
            down.feed(None)

    # --- the fast path ---------------------------------------------------------------------------------------------

    def write_media(self, downs: list[DownTrack], out: Outgoing, now: float) -> None:
        """Write what the tracks of `downs` (slots of this receiver) got in this batch."""
        log = self.log
        for down in downs:
            track = down.track
            if track is not None and down.target is not None:
                down.write(track.pending, out, log, now, self._policy_bps)

    # --- RTCP in ---------------------------------------------------------------------------------------------------

    def on_rtcp(self, packet: rtcp.RtcpPacket, out: Outgoing, now: float) -> None:
        """Take a report or request of the receiver; what a NACK asks for is written to `out`."""
        if isinstance(packet, rtcp.TransportFeedback):
            self._on_feedback(packet, now)
        elif isinstance(packet, rtcp.Nack):
            down = self._by_ssrc.get(packet.media_ssrc)
            if down is not None:
                down.resend(packet.seqs, out, self.log, now)
        elif isinstance(packet, rtcp.Pli):
            self._wish(self._by_ssrc.get(packet.media_ssrc))
        elif isinstance(packet, rtcp.Fir):
            for ssrc, _ in packet.entries:
                self._wish(self._by_ssrc.get(ssrc))
        elif isinstance(packet, rtcp.ReceiverReport):
            self._on_report(packet, now)
        elif isinstance(packet, rtcp.Remb):
            self._remb_bps, self._remb_at = packet.bitrate_bps, now

    def _on_feedback(self, packet: rtcp.TransportFeedback, now: float) -> None:
        report = self.log.on_feedback(packet, now)
        self._feedback_at = now
        self.has_feedback = True
        if report.rtt_s is not None:
            self.rtt_s += (report.rtt_s - self.rtt_s) / 8
        if report.results:
            self.loss += (report.lost / len(report.results) - self.loss) * min(1.0, len(report.results) / 200)
            self.estimator.on_feedback(report.results, now)

    def _on_report(self, packet: rtcp.ReceiverReport, now: float) -> None:
        for block in packet.blocks:
            down = self._by_ssrc.get(block.ssrc)
            if down is None:
                continue
            if block.last_sr:
                rtt = down.round_trip(block.last_sr, block.delay_since_last_sr, now)
                if rtt is not None:
                    self.rtt_s = rtt
            # A slot that gets nothing loses nothing, which says nothing of the link.
            if down.layer is not None and now - self._feedback_at > FEEDBACK_STALE_S:
                self.loss += (block.fraction_lost / 256 - self.loss) / 4
                self._by_reports.on_loss(block.fraction_lost / 256, now)

    def _wish(self, down: DownTrack | None) -> None:
        if down is not None and down.track is not None and down.kind == "video":
            self.keyframe_wishes.add(down.track)

    # --- choice of layers ------------------------------------------------------------------------------------------

    def estimate_bps(self, now: float) -> int:
        """Return what the link is thought to carry, in bit/s of whole packets."""
        if now - self._feedback_at > FEEDBACK_STALE_S and now - self._remb_at < 3 * FEEDBACK_STALE_S:
            return self._remb_bps
        if not self.has_feedback:
            return self._by_reports.estimate_bps()
        return self.estimator.estimate_bps(now)

    def update_layers(self, now: float, *, at_once: bool = False) -> None:
        """Let the policy choose when it is due, and ask for the keyframes that its choice needs."""
        if not self.is_started:
            return
        estimate = self.estimate_bps(now)
        moved = abs(estimate - self._policy_bps) > POLICY_CHANGE * max(self._policy_bps, 1)
        if not (at_once or moved or now >= self._policy_at):
            return
        self._policy_at, self._policy_bps = now + POLICY_INTERVAL_S, estimate
        views = [self._view(down, now) for down in self.slots.values() if down.track is not None]
        chosen = self.policy.choose(estimate, views, now)
        for down in self.slots.values():
            if down.track is None:
                continue
            self._aim(down, down.track, chosen.get(down.slot))

    def _aim(self, down: DownTrack, track: UpTrack, rid: str | None) -> None:
        target = track.layers.get(rid) if rid is not None and not track.is_muted else None
        if target is None and down.layer is not None and track.layers.get(down.layer.rid) is not down.layer:
            down.interrupt()  # what flowed is gone
        if target is None and down.target is not None:
            down.interrupt()
        down.target = target
        if down.wants_keyframe():
            self.keyframe_wishes.add(track)

    def _view(self, down: DownTrack, now: float) -> SlotView:
        track = down.track
        assert track is not None
        layers = tuple(LayerView(layer.rid, layer.height, layer.rate.bps(now)) for layer in track.usable_layers(now))
        current = down.target.rid if down.target is not None else None
        return SlotView(down.slot, down.kind == "audio", down.max_height, current, layers)

    # --- timers ----------------------------------------------------------------------------------------------------

    def poll_reports(self, now: float) -> list[bytes]:
        """Return the sender reports that are due, once a second."""
        if now < self._report_at:
            return []
        self._report_at = now + REPORT_INTERVAL_S
        packets = []
        for down in self.slots.values():
            report = down.sender_report(now)
            if report is not None:
                packets.append(rtcp.build_sr(report) + rtcp.build_sdes(down.ssrc, "tongtang"))
        return packets

    def is_probing(self, now: float) -> bool:
        """Return whether `probe` should write: the policy wants more than the estimate allows, and padding can tell."""
        if now < self._probe_until:
            return True
        if now < self._probe_next or not self.policy.unmet_bps() or now - self._feedback_at > FEEDBACK_STALE_S:
            return False
        self._probe_bps = self.estimator.wants_probe_bps(now)
        if not self._probe_bps:
            return False
        self._probe_until, self._probe_at = now + PROBE_S, now - PROBE_STEP_S
        estimate = self.estimate_bps(now)
        taught = estimate > self._probed_bps
        self._probe_interval_s = PROBE_INTERVAL_S if taught else min(MAX_PROBE_INTERVAL_S, self._probe_interval_s * 1.5)
        self._probe_next, self._probed_bps = now + self._probe_interval_s, estimate
        return True

    def probe(self, out: Outgoing, now: float) -> None:
        """Write the padding of this moment."""
        step = min(now - self._probe_at, 2 * PROBE_STEP_S)  # a late tick is made up for, a stall is not
        self._probe_at = now
        down = next((item for item in self.slots.values() if item.kind == "video" and item.layer is not None), None)
        if down is not None:
            down.pad(int(self._probe_bps * step / 8), out, self.log, now)

    def slot_reports(self, interval_s: float) -> tuple[SlotReport, ...]:
        """Return what each slot got since the last call, `interval_s` ago."""
        reports = []
        for down in self.slots.values():
            sent, down.window_bytes = down.octets - down.window_bytes, down.octets
            layer = down.layer
            height = layer.height if layer is not None and sent and down.kind == "video" else 0
            paused = down.track is not None and bool(down.track.layers) and down.target is None
            reports.append(SlotReport(down.slot, height, int(sent * 8 / interval_s), paused))
        return tuple(reports)


def _start_bps(known_bps: int) -> int:
    """Return what to begin with: a share of what is known, but no less than an unknown link without a reason."""
    if not known_bps:
        return START_BPS
    return max(int(KNOWN_SHARE * known_bps), min(known_bps, START_BPS), FLOOR_BPS)


def _new_ssrc(rng: random.Random, used: set[int]) -> int:
    while True:
        ssrc = rng.randrange(1, 0xFFFFFFFF)
        if ssrc not in used:
            used.add(ssrc)
            return ssrc
