"""Teach a lesson with any audio or video file that PyAV reads."""

from __future__ import annotations

from server.bot.options import TeachOptions

__all__ = ["TeachOptions", "run"]


def run(options: TeachOptions) -> int:
    """Teach until the lesson ends, the file ends or the process is told to stop; return the exit code."""
    raise NotImplementedError(options)
