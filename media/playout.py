"""When a receiver shows its pictures: how long it holds them back, and when it must learn anew when to expect them.

Theory of operation. libwebrtc expects a picture where a line through arrivals and timestamps says
(`modules/video_coding/timing/timestamp_extrapolator.cc`); it shows it when that time and the hold are over. A queue of
some seconds bends the line, and for half a minute after it pictures that came in time are shown late, or leap from
early to late, which is a stall. Nothing asks a receiver to forget its line, but a picture whose timestamp lies 10 s
or more beside it does (`FrameHasBadRenderTiming`): then line, jitter and hold begin anew. One picture with a timestamp
in the past is enough; the next has its own again. It must not be taken for a time when it comes, for a line that
begins at it thinks all that waits a minute away, and nothing is shown for 3 s. A frame that was asked for again is not,
so its last packet is missed first: `VideoDownTrack.restart_timing`. This says when:

- a picture that begins after a pause on a link that was not silent: nothing is lost, for it stood;
- once the queue that bent the line is gone for a second.

Measured in Chromium on a 3G link with a hole of 16 s: 20.8 % of the lesson stood still, 29.8 without it.
"""

from __future__ import annotations

from media.bwe.controller import LinkController
from media.bwe.link_state import LinkState
from media.playout_delay import NO_WISH_MS, PlayoutDelay

JITTER_S = 0.03  # of a mobile link without a queue
QUEUE_MEMORY_S, MAX_QUEUE_S = 45.0, 0.8  # what came and went is expected again; more than that is no grain but a hole
# A link that carries less than is wanted is always near a queue, also before the first one: pictures wait 0.6 s for it.
SCARCE_QUEUE_S = 0.15
STEADY_S = 5.0  # after a silence: what it leaves behind, loss and queue, says nothing of the link that is back
# Four times the longest queue of late: on a cellular link the next is seldom longer than that. Over three measured
# links frozen pictures fell by a tenth against three times and at most 1.4 s.
HOLD_FACTOR, MAX_HOLD_S = 4.0, 1.9
# The line's error is about three times the mean lateness of all pictures since it began: the newest weigh most.
ENDS_WEIGHT, LINE_ERROR_S = 3.0, 0.5
LATE_S = 0.3  # a queue of less bends no line
CALM_QUEUE_S, CALM_S, PATIENCE_S = 0.1, 1.0, 60.0  # a queue that stays that long is the path


class Playout:
    """What one receiver is told about its pictures' time. `delay_ms` is the last word, `(least, greatest)`."""

    __slots__ = ("_at", "_calm_at", "_delay", "_due_at", "_is_bent", "_late_s2", "_line_s", "_peak_at", "_peak_s",
        "_steady_at", "delay_ms")  # fmt: skip

    def __init__(self, now: float) -> None:
        self.delay_ms = NO_WISH_MS
        self._delay = PlayoutDelay()
        self._peak_s, self._peak_at = 0.0, now  # the longest queue of late, fading
        self._steady_at = self._calm_at = now
        self._at = now
        self._line_s = self._late_s2 = 0.0  # the age of the receiver's line, and the sum of lateness over it
        self._is_bent = False
        self._due_at = now + PATIENCE_S

    def begin_anew(self) -> None:
        """Hold nothing back at first: a picture begins after a pause, and its line with it."""
        self._delay = PlayoutDelay()
        self.delay_ms = NO_WISH_MS
        self._line_s = self._late_s2 = 0.0

    def update(
        self,
        link: LinkController,
        now: float,
        *,
        packets_per_frame: float,
        frame_s: float,
        is_conversation: bool,
        is_scarce: bool,
    ) -> bool:
        """Look at the link and set `delay_ms`; return whether the receiver's timing must begin anew now.

        Call it every 0.1 to 1 s. `frame_s` is the time between two pictures, `packets_per_frame` what one is made of;
        `is_scarce` says that the link carries less than is wanted.
        """
        self._look(link, now)
        restarts = False
        if self._is_bent:
            self._peak_at = now
            if now < self._calm_at and now < self._due_at:
                return False
            self._is_bent = False
            self.begin_anew()
            restarts = True
        self._due_at = now + PATIENCE_S
        if now >= self._steady_at:
            self._note_queue(link, now, SCARCE_QUEUE_S if is_scarce else 0.0)
            self.delay_ms = self._delay.update(
                loss=link.loss,
                rtt_s=min(link.rtt_s, 2 * link.min_rtt_s),  # what stood in a hole is no round trip of the repair
                jitter_s=JITTER_S + min(MAX_HOLD_S, HOLD_FACTOR * self._peak_s),
                packets_per_frame=packets_per_frame,
                frame_s=frame_s,
                now=now,
                is_conversation=is_conversation,
            )
        return restarts

    def _look(self, link: LinkController, now: float) -> None:
        """Note whether the link is calm, and what its queue does to the receiver's line."""
        elapsed = min(1.0, max(0.0, now - self._at))
        self._at = now
        self._line_s += elapsed
        self._late_s2 += elapsed * link.queue_s
        if link.state is not LinkState.NORMAL:
            self._steady_at = now + STEADY_S
        if link.state is not LinkState.NORMAL or link.queue_s > CALM_QUEUE_S:
            self._calm_at = now + CALM_S
        error_s = ENDS_WEIGHT * self._late_s2 / max(1.0, self._line_s)
        if link.state is LinkState.OUTAGE or (link.queue_s > LATE_S and error_s > LINE_ERROR_S):
            self._is_bent = True

    def _note_queue(self, link: LinkController, now: float, least_s: float) -> None:
        fade = 0.5 ** ((now - self._peak_at) / QUEUE_MEMORY_S)
        self._peak_s, self._peak_at = max(self._peak_s * fade, min(link.queue_s, MAX_QUEUE_S), least_s), now
