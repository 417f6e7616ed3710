"""What all tests share."""

from __future__ import annotations

from hypothesis import settings

# Forty examples of each property keep the unit tests within seconds; a busy machine is no failure, so no deadline.
settings.register_profile("tongtang", max_examples=40, deadline=None)
settings.load_profile("tongtang")
