"""When a frame is expected: libwebrtc's `TimestampExtrapolator` (`modules/video_coding/timing`).

A line through arrivals and timestamps, by recursive least squares that forget nothing. A delay that changes for good is
followed only after an alarm, and that takes 150 frames which are 78 ms off or more: this is why a queue of some seconds
costs pictures long after it is gone.
"""

from __future__ import annotations

TICKS_PER_MS = 90.0
OFFSET_VARIANCE = 1e10  # of the line's offset, at first and after an alarm
MAX_ERROR, DRIFT, ALARM = 7_000.0, 6_600.0, 60_000.0  # ticks of 1/90,000 s
RESET_S = 10.0  # without a frame
START_FRAMES = 2


class Extrapolator:
    """The line of one stream; times are seconds."""

    def __init__(self) -> None:
        self._count = 0
        self._start = self._first = self._previous = self._updated = 0.0
        self._slope, self._offset = TICKS_PER_MS, 0.0
        self._slope_variance, self._covariance, self._offset_variance = 1.0, 0.0, OFFSET_VARIANCE
        self._rising = self._falling = 0.0

    def update(self, now: float, media_s: float) -> None:
        """Take the arrival of the frame that was captured at `media_s`."""
        ticks = media_s * TICKS_PER_MS * 1000
        if self._count and now - self._updated > RESET_S:
            self.__init__()  # type: ignore[misc]
        if not self._count:
            self._start, self._first, self._previous = now, ticks, ticks
        self._updated = now
        ms = (now - self._start) * 1000
        residual = ticks - self._first - ms * self._slope - self._offset
        if self._is_alarm(residual) and self._count >= START_FRAMES:
            self._offset_variance = OFFSET_VARIANCE
        if ticks < self._previous:
            return
        self._fit(ms, residual)
        self._previous = ticks
        self._count += 1

    def _fit(self, ms: float, residual: float) -> None:
        a, b, c = self._slope_variance, self._covariance, self._offset_variance
        slope_gain, offset_gain = a * ms + b, b * ms + c
        weight = 1.0 + ms * slope_gain + offset_gain
        slope_gain, offset_gain = slope_gain / weight, offset_gain / weight
        self._slope += slope_gain * residual
        self._offset += offset_gain * residual
        self._slope_variance = a - slope_gain * (ms * a + b)
        self._covariance = b - slope_gain * (ms * b + c)
        self._offset_variance = c - offset_gain * (ms * b + c)

    def _is_alarm(self, residual: float) -> bool:
        error = min(max(residual, -MAX_ERROR), MAX_ERROR)
        self._rising = max(self._rising + error - DRIFT, 0.0)
        self._falling = min(self._falling + error + DRIFT, 0.0)
        if self._rising <= ALARM and self._falling >= -ALARM:
            return False
        self._rising = self._falling = 0.0
        return True

    def expected_at(self, media_s: float) -> float | None:
        """Return when a frame that was captured at `media_s` is expected; None: nothing is known yet."""
        ticks = media_s * TICKS_PER_MS * 1000
        if not self._count:
            return None
        if self._count < START_FRAMES:
            return self._updated + (ticks - self._previous) / TICKS_PER_MS / 1000
        if self._slope < 1e-3:
            return self._start
        return self._start + (ticks - self._first - self._offset) / self._slope / 1000
