"""Teach a lesson with any audio or video file that PyAV reads."""

from __future__ import annotations

from server.bot.lead import Plan, teach
from server.bot.media_file import probe
from server.bot.options import Exit, TeachOptions
from server.bot.seat import run_until_stopped, take_seat, tell
from signaling.errors import Refused

__all__ = ["TeachOptions", "run"]


def run(options: TeachOptions) -> int:
    """Teach until the lesson ends, the file ends or the process is told to stop; return the exit code."""
    try:
        facts = probe(options.file)
    except Refused as error:
        tell(error.detail)
        return int(Exit.BAD_INPUT)
    plan = Plan(facts, options.page_s, options.loop, options.height, options.fps, options.end_lesson, options.writes)
    return run_until_stopped(lambda: take_seat(options, "lecturer", lambda client: teach(client, plan)))
