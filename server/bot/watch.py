"""A headless classroom or observer that prints what it receives, one line a second."""

from __future__ import annotations

import asyncio
import logging
from typing import Any, Final

import msgspec

from server.bot.client import LessonClient, explain
from server.bot.options import Exit, WatchOptions
from server.bot.receiving import Receiving, receiving
from server.bot.seat import run_until_stopped, take_seat, tell
from signaling import replica
from signaling.errors import Refused, Unavailable

__all__ = ["WatchOptions", "run"]

log = logging.getLogger(__name__)

ROLES: Final = ("observer", "classroom", "local_teacher", "lecturer")
RUNGS: Final = {"hd": "高清", "clear": "清晰", "smooth": "流畅", "slides_audio": "课件+声音", "audio": "仅声音"}
AGAIN_S: Final = 2.0


def run(options: WatchOptions) -> int:
    """Watch and print one line a second until the time is over or the lesson ends; return the exit code."""
    if options.role not in ROLES:
        tell(f"没有「{options.role}」这种身份：请从 {'、'.join(ROLES)} 中选择。")
        return int(Exit.BAD_INPUT)
    return run_until_stopped(lambda: take_seat(options, options.role, lambda client: watch(client, options)))


async def watch(client: LessonClient, options: WatchOptions) -> None:
    """Print what this seat receives for `options.seconds`; for ever when that is 0."""
    try:
        async with asyncio.timeout(options.seconds or None):
            while True:
                if not client.is_ready:
                    await client.wait_change(1.0)
                    continue
                try:
                    async with receiving(client, options.tiles) as path:
                        await _report(client, path, options)
                except* (Refused, Unavailable) as group:
                    log.warning("没有收到媒体：%s", "；".join(explain(one) for one in group.exceptions))
                await asyncio.sleep(AGAIN_S)
    except TimeoutError:
        return


async def _report(client: LessonClient, path: Receiving, options: WatchOptions) -> None:
    loop = asyncio.get_running_loop()
    began = before = loop.time()
    while path.is_good(client):
        await asyncio.sleep(1.0)
        now = loop.time()
        line = describe(client, [meter.read(now - before) for meter in path.meters], round(now - began))
        print(msgspec.json.encode(line).decode() if options.json else as_text(line), flush=True)
        before = now


def describe(client: LessonClient, slots: list[dict[str, Any]], second: int) -> dict[str, Any]:
    """Return what one second was like: the lesson, the link, and each slot that has something in it."""
    state = client.state
    own = next((link for link in client.links if link.peer == client.you), None)
    fills = {fill.slot: fill for fill in client.slots}
    line: dict[str, Any] = {
        "second": second,
        "state": state.lesson.state if state else "",
        "page": state.page if state else 0,
        "rung": own.rung if own else "",
        "rtt_ms": own.rtt_ms if own else 0,
        "loss_pct": own.loss_pct if own else 0.0,
        "slots": [],
    }
    for slot in slots:
        fill = fills.get(slot["slot"])
        who = replica.find(state, fill.peer) if state and fill else None
        if slot["frames"] or who:
            line["slots"].append({**slot, "from": who.name if who else "", "paused": bool(fill and fill.paused)})
    return line


def as_text(line: dict[str, Any]) -> str:
    """Return one line for the terminal."""
    parts = [f"{line['second']:4d} 秒", f"第 {line['page']} 页", RUNGS.get(line["rung"], "—")]
    for slot in line["slots"]:
        if slot["kind"] == "video":
            what = f"{slot['frames']} 帧 {slot['height']}p {slot['kbps']} kbit/s"
        else:
            what = f"{slot['level_dbfs']} dBFS {slot['kbps']} kbit/s"
        parts.append(f"{slot['slot']}（{slot['from'] or '—'}）{what}{' 静止' if slot['paused'] else ''}")
    return " · ".join(parts)
