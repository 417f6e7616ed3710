"""Pictures in a plan: kept by the hash of their content, told of in the document by their address."""

from __future__ import annotations

import asyncio
from pathlib import Path

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.lessons.page_files import PageFiles
from server.lessons.pictures import MAX_SIDE, inspect
from server.planning.plans import desk, papers
from server.planning.plans.model import Picture
from server.planning.rights import Right
from server.storage.database import Database
from signaling.errors import Refused

MAX_PICTURE_BYTES = 8 << 20  # a phone's photograph is 3 to 6 MB
MAX_PICTURES = 200
MAX_TOTAL_BYTES = 200 << 20
# What `inspect` refuses, said of a picture: it speaks of pages of a deck.
_SAID = {
    "picture_unsupported": "教案里的图片只能是 JPEG、PNG 或 WebP。",
    "picture_too_large": f"图片每边最多 {MAX_SIDE} 像素，请缩小后再上传。",
}


class PictureService:
    """Pictures of plans."""

    def __init__(self, database: Database, files: PageFiles, clock: Clock = utc_now) -> None:
        self._database = database
        self._files = files
        self._clock = clock

    async def add(self, person: Person, plan_id: str, data: bytes) -> Picture:
        """Keep a picture for a plan.

        Raises:
            Refused: `plan_unknown`, `not_allowed`, `plan_state`, `pictures_full`, or what `inspect` refuses.
            Unavailable: `disk_full` or `storage_failed`.
        """
        try:
            about = inspect(data)
        except Refused as error:
            raise Refused(error.code, _SAID.get(error.code, error.detail)) from error
        async with self._database.read() as tx:
            await desk.require_open_in(tx, person, plan_id, Right.EDIT_PLAN)
            count, total = await papers.pictures_total(tx, plan_id)
        if count >= MAX_PICTURES or total + len(data) > MAX_TOTAL_BYTES:
            raise Refused("pictures_full", f"一份教案最多 {MAX_PICTURES} 张图片，共 {MAX_TOTAL_BYTES >> 20} MB。")
        sha256 = await self._files.put(data)
        picture = Picture(plan_id, sha256, about.mime, len(data), about.width, about.height)
        async with self._database.write() as tx:
            await desk.require_open_in(tx, person, plan_id, Right.EDIT_PLAN)
            await papers.add_picture(tx, picture, person.id, epoch_ms(self._clock()))
        return picture

    async def see(self, person: Person, plan_id: str, sha256: str) -> tuple[Picture, Path]:
        """Return a picture, and where it lies.

        Raises:
            Refused: `plan_unknown`, `not_allowed` or `picture_unknown`.
        """
        async with self._database.read() as tx:
            await desk.require_seen_in(tx, person, plan_id)
            picture = await papers.find_picture(tx, plan_id, sha256)
        if picture is None or not await asyncio.to_thread(self._files.renew, sha256):
            raise Refused("picture_unknown", "没有找到这张图片。")
        return picture, self._files.path(sha256)
