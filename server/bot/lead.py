"""How the lecturer bot teaches: it leads while nobody else does, turns pages, and stands back for a human."""

from __future__ import annotations

import asyncio
import logging
import math
from dataclasses import dataclass
from typing import Final

import msgspec

from server.bot.client import LessonClient, explain
from server.bot.media_file import FileAudioTrack, FileFacts, FileVideoTrack, Timeline
from server.bot.sending import Sending, sending
from server.bot.writing import WAIT_S, next_line
from signaling import messages as m, replica
from signaling.errors import Refused, Unavailable

log = logging.getLogger(__name__)

GRACE_S: Final = 3.0  # a human who re-joins must not find that the bot was quicker
AGAIN_S: Final = 2.0  # between attempts to publish


@dataclass(frozen=True)
class Plan:
    """What is taught, and how."""

    facts: FileFacts
    page_s: float
    loop: bool
    height: int
    fps: int
    end_lesson: bool
    writes: bool = False


def may_lead(state: m.Snapshot, you: m.PeerId) -> bool:
    """Return whether nobody but `you` leads: nobody at all, or somebody whose seat is gone."""
    return state.lead is None or state.lead == you or replica.find(state, state.lead) is None


def next_page(state: m.Snapshot) -> int | None:
    """Return the page after the one that is shown, the first after the last; None without pages to turn."""
    if state.deck is None or state.deck.pages < 2:
        return None
    return state.page % state.deck.pages + 1


async def teach(client: LessonClient, plan: Plan) -> None:
    """Teach until the file ends; for ever with `loop`."""
    other_led_at: float | None = None
    loop = asyncio.get_running_loop()
    while True:
        state = client.state
        if state is None or not client.is_ready:
            await client.wait_change(1.0)
            continue
        if not may_lead(state, client.you):
            if other_led_at is None:
                log.info("老师本人来上课了，机器人让位。")
            other_led_at = loop.time()
            await client.wait_change(1.0)
            continue
        if other_led_at is not None and loop.time() - other_led_at < GRACE_S:
            await client.wait_change(0.5)
            continue
        other_led_at = None
        try:
            if await _lead(client, plan):
                return
        except (Refused, Unavailable) as error:
            log.warning("没能开始讲课：%s", explain(error))
            await asyncio.sleep(AGAIN_S)


async def _lead(client: LessonClient, plan: Plan) -> bool:
    """Publish and teach until another leads or the media path is lost; return whether the file came to its end."""
    timeline = Timeline()
    tracks: list[tuple[m.Source, FileAudioTrack | FileVideoTrack]] = []
    if plan.facts.has_audio:
        tracks.append(("mic", FileAudioTrack(plan.facts, timeline, loop=plan.loop)))
    if plan.facts.has_video:
        picture = FileVideoTrack(plan.facts, timeline, height=plan.height, fps=plan.fps, loop=plan.loop)
        tracks.append(("camera", picture))
    async with sending(client, tracks) as path:
        await _open_class(client)
        log.info("正在讲课：%s", plan.facts.path.name)
        return await _turn_pages(client, plan, path, [track for _, track in tracks])


async def _open_class(client: LessonClient) -> None:
    """Begin the lesson if it has not begun, and be the one whom everybody sees."""
    state = client.state
    assert state is not None, "the room is known once the media path stands"
    if state.lesson.state == "scheduled":
        await client.request(lambda number: m.StartLesson(number))
    if client.state is not None and client.state.lead != client.you:
        await client.request(lambda number: m.TakeLead(number))


async def _turn_pages(
    client: LessonClient, plan: Plan, path: Sending, tracks: list[FileAudioTrack | FileVideoTrack]
) -> bool:
    loop = asyncio.get_running_loop()
    turn_at, write_at = loop.time() + plan.page_s, loop.time() + WAIT_S
    while True:
        await client.wait_change(0.5)
        if all(track.readyState == "ended" for track in tracks) and not plan.loop:
            if plan.end_lesson:
                await client.request(lambda number: m.EndLesson(number))
            return True
        state = client.state
        if state is None or not may_lead(state, client.you) or not path.is_good(client):
            return False
        if plan.writes and loop.time() >= write_at and client.is_ready:
            write_at = math.inf
            await _write(client)
        if plan.page_s <= 0 or loop.time() < turn_at or not client.is_ready:
            continue
        turn_at, write_at = loop.time() + plan.page_s, loop.time() + WAIT_S
        page = next_page(state)
        if page is not None:
            await _turn(client, page)


async def _turn(client: LessonClient, page: int) -> None:
    try:
        await client.request(lambda number: m.TurnPage(number, page))
    except (Refused, Unavailable) as error:
        log.warning("没能翻到第 %d 页：%s", page, explain(error))


async def _write(client: LessonClient) -> None:
    state = client.state
    line = next_line(state, client.you, 0) if state is not None else None
    if line is None:
        return
    try:
        await client.request(lambda number: msgspec.structs.replace(line, id=number))
    except (Refused, Unavailable) as error:
        log.warning("没能在这一页上写：%s", explain(error))
