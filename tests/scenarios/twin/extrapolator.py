"""When a frame is expected: libwebrtc's `TimestampExtrapolator` (`modules/video_coding/timing`), as of 2025.

A line through arrivals and timestamps, by recursive least squares that forget nothing. Once it has 300 frames, those
far off it are left out, and only after 150 of them in a row the line moves: this is why a queue of some seconds costs
pictures long after it is gone. A timestamp that leaps by 10 s makes the line begin anew, at that frame.
"""

from __future__ import annotations

import math

TICKS_PER_MS = 90.0
OFFSET_VARIANCE = 1e10  # of the line's offset, at first and after an alarm
MAX_ERROR, DRIFT, ALARM = 7_000.0, 6_600.0, 60_000.0  # ticks of 1/90,000 s
RESET_S = 10.0  # without a frame
MAX_JUMP = 900_000.0  # ticks
START_FRAMES = 2
OUTLIERS_FROM, MAX_OUTLIERS = 300, 150  # frames
OUTLIER_DEVIATIONS, MEMORY, FIRST_DEVIATION = 2.0, 0.999, 3_000.0


class Extrapolator:
    """The line of one stream; times are seconds."""

    def __init__(self) -> None:
        self._begin(0.0)

    def _begin(self, now: float) -> None:
        self._count = 0
        self._start = self._updated = now
        self._first = self._previous = 0.0
        self._slope, self._offset = TICKS_PER_MS, 0.0
        self._slope_variance, self._covariance, self._offset_variance = 1.0, 0.0, OFFSET_VARIANCE
        self._rising = self._falling = 0.0
        self._outliers = 0
        self._mean, self._variance = 0.0, FIRST_DEVIATION**2

    def update(self, now: float, media_s: float) -> None:
        """Take the arrival of the frame that was captured at `media_s`."""
        ticks = media_s * TICKS_PER_MS * 1000
        if self._count and now - self._updated > RESET_S:
            self._begin(now)
        if self._count and abs(ticks - self._previous) > MAX_JUMP:
            self._begin(now)
        if not self._count:
            self._start, self._first, self._previous = now, ticks, ticks
        self._updated = now
        ms = (now - self._start) * 1000
        residual = ticks - self._first - ms * self._slope - self._offset
        if self._is_outlier(residual):
            self._outliers += 1
            if self._outliers <= MAX_OUTLIERS:
                return
            self._offset_variance = OFFSET_VARIANCE
        self._outliers = 0
        if self._is_alarm(residual) and self._count >= START_FRAMES:
            self._offset_variance = OFFSET_VARIANCE
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

    def _is_outlier(self, residual: float) -> bool:
        bound = OUTLIER_DEVIATIONS * math.sqrt(self._variance)
        if self._count >= OUTLIERS_FROM and abs(residual - self._mean) > bound:
            return True
        self._mean = MEMORY * self._mean + (1 - MEMORY) * residual
        self._variance = max(1.0, MEMORY * self._variance + (1 - MEMORY) * (residual - self._mean) ** 2)
        return False

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
