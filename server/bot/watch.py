"""A headless classroom or observer that prints what it receives."""

from __future__ import annotations

from server.bot.options import WatchOptions

__all__ = ["WatchOptions", "run"]


def run(options: WatchOptions) -> int:
    """Watch and print one line a second until the time is over or the lesson ends; return the exit code."""
    raise NotImplementedError(options)
