"""What the demonstration's teachers share with all: two worksheets for the lessons of their plans, as Word files.

Made once, and on the way that everybody's goes: uploaded by its maker, handed in, reviewed by the region's researcher
by the audit standard, and published.
"""

from __future__ import annotations

import asyncio
import hashlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass

import msgspec

from server.accounts.model import Asker, Person
from server.context import DemoAccounts
from server.library.resources.material import PURPOSE
from server.library.resources.model import Grade, Resource, metadata_of
from server.library.resources.standard import CURRENT, STANDARDS, Mark
from server.library.wiring import Library
from server.planning.export.paper import Block, Heading, Paper, line, simple_table
from server.planning.export.word import write_word
from server.uploads.service import UploadService
from signaling.errors import Refused

log = logging.getLogger("tongtang.demo")

REVIEWER = "zhao"
_GOOD = 4  # of 5
_EDITION = "教科版"


@dataclass(frozen=True)
class _Sheet:
    maker: str  # user name
    title: str
    grade: Grade
    description: str
    blocks: tuple[Block, ...]


SHEETS = (
    _Sheet(
        "he",
        "光的折射：家庭实验材料单",
        "五年级",
        "用家里找得到的东西做三个折射小实验：要什么、怎么做、看什么。和教案《光的折射》配套。",
        (
            Heading("要准备的东西"),
            simple_table(
                ("实验", "材料", "没有时用什么代替"),
                (
                    ("筷子“折断”了", "透明水杯、筷子、水", "剪开的透明油瓶；笔"),
                    ("硬币重新出现", "碗、硬币、水", "盆；小石子"),
                    ("水滴放大镜", "透明塑料片、水、报纸", "洗净的食品袋"),
                ),
                (1.0, 1.4, 1.4),
            ),
            Heading("怎样做"),
            line("筷子斜着插进水里，先从上面看，再从侧面看，把两次看到的样子画下来。", bullet="1."),
            line("硬币放在碗底，人往后退到刚好看不见；请家人慢慢加水，看硬币什么时候重新出现。", bullet="2."),
            line("塑料片上滴一滴水，放在报纸的字上，比一比有水和没有水的地方。", bullet="3."),
            Heading("想一想"),
            line("河底看着浅，其实更深。把这个道理讲给家人听，并约定：不下河玩水。"),
        ),
    ),
    _Sheet(
        "gu",
        "影子的秘密：一天的影子记录单",
        "三年级",
        "每两小时量一次竹竿的影子，看它的长短和方向怎样变化。和教案《影子的秘密》配套。",
        (
            Heading("记录"),
            line("在操场上立一根一米长的竹竿，每次用粉笔描出影子的顶端，再量长度。"),
            simple_table(
                ("时间", "影子长（厘米）", "影子指向哪里", "天气"),
                tuple((f"{hour}:00", "", "", "") for hour in (8, 10, 12, 14, 16)),
            ),
            Heading("我的发现"),
            line("影子最短的时候是（    ），最长的时候是（    ）。"),
            line("太阳在东边时，影子在（    ）边。"),
        ),
    ),
)


async def share_material(demo: DemoAccounts, library: Library, uploads: UploadService) -> None:
    """Publish what is missing of the worksheets."""
    for sheet in SHEETS:
        maker = await demo.account(sheet.maker)
        own = await library.resources.listed(
            Asker(maker), "mine", subject="", grade="", tier="", words=sheet.title, start=0
        )
        if own:
            continue
        try:
            await _share(sheet, maker, await demo.account(REVIEWER), library, uploads)
        except Refused as refused:  # a visitor has used something up that this needs
            log.warning("演示资源没有发布成：%s", refused.detail)


async def _share(sheet: _Sheet, maker: Person, reviewer: Person, library: Library, uploads: UploadService) -> None:
    resources, reviews = library.resources, library.reviews
    work = await resources.make(maker, "document", sheet.title)
    told = msgspec.structs.replace(
        metadata_of(work),
        subject="科学",
        grade=sheet.grade,
        edition=_EDITION,
        description=sheet.description,
        audience="public",
    )
    work = await resources.edit(maker, work.id, work.revision, told)
    upload = await _uploaded(sheet, maker, uploads)
    work = await library.material.add(maker, work.id, work.revision, upload, ())
    work = await resources.submit(maker, work.id, work.revision)
    work = await reviews.begin(reviewer, work.id, work.revision)
    work = await _approved(reviewer, work, library)
    await resources.publish(maker, work.id, work.revision)


async def _approved(reviewer: Person, work: Resource, library: Library) -> Resource:
    marks = [Mark(one.id, 1 if one.kind == "yes_no" else _GOOD) for one in STANDARDS[CURRENT].items]
    return await library.reviews.approve(reviewer, work.id, CURRENT, marks, "材料家家都有，步骤清楚，可以直接用。")


async def _uploaded(sheet: _Sheet, maker: Person, uploads: UploadService) -> str:
    """Return the id of the upload that has the sheet's file."""
    paper = Paper(sheet.title, (sheet.description,), sheet.blocks, properties={"author": maker.name})
    data = await asyncio.to_thread(write_word, paper)
    name, digest = f"{sheet.title}.docx", hashlib.sha256(data).hexdigest()
    upload = await uploads.begin(maker.id, name, len(data), PURPOSE, digest)

    async def pieces() -> AsyncIterator[bytes]:
        yield data

    return (await uploads.append(maker.id, upload.id, 0, pieces())).id
