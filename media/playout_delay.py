"""How long a receiver holds pictures back, so that what was lost comes again in time (media.md §2.9).

The largest single lever on a lossy link: a stream of 320x180 with resends stood still 24 % of the time at 20 % loss and
100 ms round trip, and 0 % when the receiver held each picture back for 400 ms. A lesson tolerates that; a conversation
less, hence the cap. `VideoDownTrack` tells the receiver, by a header extension.
"""

from __future__ import annotations

import math

MIN_LOSS = 0.01  # below this pictures are held back for nothing …
# … but for a link whose queue comes and goes by more than a picture's time: what comes late is there when it is due.
MIN_JITTER_S = 0.1
RESIDUAL_LOSS = 0.002  # share of frames that may still be incomplete when they are due: one in 20 s at 24 frames/s
RETRY_S = 0.11  # Chromium asks again for a packet after 103–113 ms, at any round trip (media.md §2.9)
MAX_TRIES = 6
LECTURE_CAP_S = 2.0  # whoever is called on talks at once: CONVERSATION_CAP_S
CONVERSATION_CAP_S = 0.25  # while somebody of this receiver is heard
# A picture stands for as long as the delay leaps, beside the time between two: together that must be no stall, which is
# half a second by habit. More comes by and by. Over four seeds of a measured 3G link 18.8 % stood still instead of 21.9
# with leaps of 0.35 s.
LEAP_S, LEAST_LEAP_S, NO_STALL_S = 0.2, 0.05, 0.42
RISE_PER_S = 0.15
FALL_PER_S = 0.05  # 50 ms a second: a picture that speeds up by 5 % is not seen
SPREAD_MS = 1_000  # of the greatest delay over the least: the receiver may hold back more, as its own jitter needs
# Chromium's own limits, for no wish. Not (0, 0): a greatest delay of up to 500 ms over a least of 0 makes it show each
# picture as it comes, without smoothing.
NO_WISH_MS = (0, 10_000)
STEP_S = 0.01
DEAD_BAND_S = 0.03  # a rise by less is not worth ten packets with an extension


class PlayoutDelay:
    """The delay of one receiver's pictures: raised quickly, by no leap that would be a stall, and lowered slowly."""

    def __init__(self) -> None:
        self._delay_s = 0.0
        self._at = float("-inf")
        self._leap_s = LEAP_S  # that it may rise by now

    def update(
        self,
        *,
        loss: float,
        rtt_s: float,
        jitter_s: float,
        packets_per_frame: float,
        now: float,
        frame_s: float = 0.0,
        is_conversation: bool = False,
    ) -> tuple[int, int]:
        """Return `(min_ms, max_ms)` to ask of the receiver, `NO_WISH_MS` for none; call it every 100–1000 ms.

        Args:
            loss: share of packets lost on the link, smoothed (0..1).
            rtt_s: round trip to the receiver.
            jitter_s: what 95 % of packets are later than the fastest, at most.
            packets_per_frame: mean over the frames that are sent.
            now: monotonic seconds.
            frame_s: time between two frames.
            is_conversation: whether people at this receiver talk with what they see.
        """
        cap = CONVERSATION_CAP_S if is_conversation else LECTURE_CAP_S
        wanted = min(cap, wanted_delay_s(loss, rtt_s, jitter_s, packets_per_frame))
        elapsed = max(0.0, now - self._at) if self._at > float("-inf") else 0.0
        self._at = now
        leap = min(LEAP_S, max(LEAST_LEAP_S, NO_STALL_S - frame_s))
        self._leap_s = min(leap, self._leap_s + RISE_PER_S * elapsed)
        held = min(cap, self._delay_s)
        if wanted > held + DEAD_BAND_S or (wanted > held > 0 and wanted == cap):
            rise = min(wanted - held, self._leap_s)
            held += rise
            self._leap_s -= rise
        elif wanted < held:
            held = max(wanted, held - FALL_PER_S * elapsed)
        self._delay_s = held
        # in steps of 10 ms; a delay that falls is told in steps of 50, so that few packets carry the extension
        least = math.ceil(held / STEP_S - 1e-9) if held >= wanted else round(held / STEP_S)
        if held > wanted:
            least = math.ceil(least / 5) * 5
        least_ms = least * 10
        return (least_ms, least_ms + SPREAD_MS) if least_ms else NO_WISH_MS


def wanted_delay_s(loss: float, rtt_s: float, jitter_s: float, packets_per_frame: float) -> float:
    """Return the delay that lets a frame be whole when it is due, but for `RESIDUAL_LOSS` of them; 0: none is needed.

    Of n packets a frame, n·p^k are still missing after k tries, each of which is lost with the probability p.
    """
    if not loss >= MIN_LOSS:  # also when it is no number
        return jitter_s if jitter_s >= MIN_JITTER_S else 0.0
    lost = min(loss, 0.9)
    tries = round(math.log(max(1.0, packets_per_frame) / RESIDUAL_LOSS) / math.log(1 / lost))
    tries = min(max(tries, 1), MAX_TRIES)
    return max(0.0, rtt_s) + RETRY_S * (tries - 1) + max(0.0, jitter_s)
