"""The rules of decks: whose they are, what they are made of, and which lessons get them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path, PurePosixPath

from server.accounts.model import Asker, Person, SchoolRef
from server.accounts.rights import Right, has_right
from server.accounts.service import Clock, epoch_ms, utc_now
from server.lessons.decks import tables
from server.lessons.decks.kinds import TAKEN
from server.lessons.decks.model import MAX_DECK_PAGES, DeckInfo, Original
from server.lessons.model import Lesson, Page, PersonRef
from server.lessons.service import LessonService
from server.storage.database import Database
from server.storage.ids import new_id
from server.storage.jobs import add_job
from server.uploads.service import UploadService
from signaling.errors import Refused

PURPOSE = "deck"  # of uploads
CONVERT, PURGE = "deck", "deck-purge"  # kinds of jobs; the key is the deck's id
MAX_DECKS = 500  # of a person: five years of a deck a lesson, twice a week
LISTED = 500
FOUND = 200  # pages that a search names
_SUFFIXES = frozenset((".pdf", ".pptx", ".ppsx", ".pptm", ".ppsm", ".ppt", ".pps", ".odp", ".zip"))
_PICTURES = frozenset((".jpg", ".jpeg", ".png", ".webp"))


class DeckService:
    """Decks of people: made of uploads, converted by the worker, given to lessons."""

    def __init__(
        self, database: Database, uploads: UploadService, lessons: LessonService, folder: Path, clock: Clock = utc_now
    ) -> None:
        self._database = database
        self._uploads = uploads
        self._lessons = lessons
        self._folder = folder
        self._clock = clock
        self.wake = asyncio.Event()  # for the worker: there is something to do

    # --- people ---------------------------------------------------------------------------------------------------

    async def make(self, person: Person, upload_ids: Sequence[str], title: str) -> DeckInfo:
        """Make a deck of whole uploads: one document, or pictures in their order. Its conversion begins soon.

        Raises:
            Refused: `upload_unknown`, `upload_incomplete`, `decks_full`, `deck_unsupported` or `field_invalid`.
        """
        now_ms = epoch_ms(self._clock())
        async with self._database.write() as tx:
            if await tables.count_decks(tx, person.id) >= MAX_DECKS:
                raise Refused("decks_full", f"您已有 {MAX_DECKS} 份课件。请先删掉不用的，再传新的。")
            uploads = await self._uploads.claim(tx, person.id, PURPOSE, upload_ids)
            _require_kind([one.name for one in uploads])
            deck = DeckInfo(
                id=new_id(),
                owner=PersonRef(person.id, person.name),
                school=SchoolRef(person.school.id, person.school.name) if person.school else None,
                title=(title.strip() or PurePosixPath(uploads[0].name).stem)[:80],
                state="converting",
                pages=0,
                done=0,
                created_ms=now_ms,
                originals=tuple(Original(one.name, one.bytes, one.id) for one in uploads),
            )
            await tables.add_deck(tx, deck)
            await add_job(tx, CONVERT, deck.id, now_ms)
        self.wake.set()
        return deck

    async def visible(self, person: Person, words: str) -> list[tuple[DeckInfo, list[tuple[int, str]]]]:
        """Return the person's and the school's decks, the newest first, with the pages that `words` were found on."""
        async with self._database.read() as tx:
            found = await tables.decks_of(tx, person.id, person.school_id, LISTED)
            if not words.strip():
                return [(deck, []) for deck in found]
            pages = await tables.found_in(tx, person.id, person.school_id, words, FOUND)
        hits: dict[str, list[tuple[int, str]]] = {}
        for deck_id, page, title in pages:
            hits.setdefault(deck_id, []).append((page, title))
        return [(deck, hits[deck.id]) for deck in found if deck.id in hits]

    async def see(self, person: Person, deck_id: str) -> DeckInfo:
        """Return the deck when the person may use it.

        Raises:
            Refused: `deck_unknown`, also for one that is none of the person's business.
        """
        async with self._database.read() as tx:
            deck = await tables.find_deck(tx, deck_id)
        if deck is None or deck.state == "removed" or not may_use(person, deck):
            raise Refused("deck_unknown", "没有找到这份课件。它可能已经删除，或者不属于您的学校。")
        return deck

    async def pages(self, deck_id: str) -> tuple[Page, ...]:
        """Return the deck's pages as far as they are converted; the caller has checked who asks."""
        async with self._database.read() as tx:
            return await tables.pages_of(tx, deck_id)

    async def page(self, deck_id: str, number: int) -> Page:
        """Return one page, from 1; the caller has checked who asks.

        Raises:
            Refused: `page_unknown`.
        """
        async with self._database.read() as tx:
            page = await tables.page_of(tx, deck_id, number)
        if page is None:
            raise Refused("page_unknown", "这份课件没有这一页。")
        return page

    def original(self, deck: DeckInfo, number: int) -> tuple[Path, str]:
        """Return path and name of a file as it was uploaded, from 1.

        Raises:
            Refused: `file_unknown`.
        """
        if 1 <= number <= len(deck.originals):
            path = self.original_path(deck, number)
            if path.is_file():
                return path, deck.originals[number - 1].name
        raise Refused("file_unknown", "这份课件没有这个文件，可能还在保存。请稍后再试。")

    def original_path(self, deck: DeckInfo, number: int) -> Path:
        """Return where an original lies: under a name of ours, with the extension that it came with."""
        suffix = PurePosixPath(deck.originals[number - 1].name).suffix.lower()
        return self.folder(deck.id) / f"{number}{suffix if suffix in _SUFFIXES | _PICTURES else ''}"

    def folder(self, deck_id: str) -> Path:
        """Return the deck's own folder."""
        return self._folder / deck_id

    async def again(self, person: Person, deck_id: str) -> DeckInfo:
        """Convert a deck that failed once more.

        Raises:
            Refused: `deck_unknown` or `deck_state`.
        """
        deck = await self.see(person, deck_id)
        if deck.state != "failed":
            raise Refused("deck_state", "这份课件不需要重新转换。")
        async with self._database.write() as tx:
            await tables.clear_pages(tx, deck_id)
            await tables.set_state(tx, deck_id, "converting")
            await add_job(tx, CONVERT, deck_id, epoch_ms(self._clock()))
        self.wake.set()
        return await self.see(person, deck_id)

    async def remove(self, person: Person, deck_id: str) -> None:
        """Remove a deck with its originals; lessons that have its pages keep them.

        Raises:
            Refused: `deck_unknown` or `not_allowed`.
        """
        deck = await self.see(person, deck_id)
        if not may_remove(person, deck):
            raise Refused("not_allowed", "只有上传的人和学校管理员可以删除这份课件。")
        async with self._database.write() as tx:
            await tables.set_state(tx, deck_id, "removed")
            await add_job(tx, PURGE, deck_id, epoch_ms(self._clock()))
        self.wake.set()

    # --- lessons --------------------------------------------------------------------------------------------------

    async def attach(self, asker: Asker, person: Person, lesson_id: str, deck_id: str) -> Lesson:
        """Give the lesson this deck in place of its pages: now, or as soon as it is converted.

        Raises:
            Refused: `lesson_unknown`, `deck_unknown`, `not_allowed`, `lesson_state` or `deck_state`.
        """
        await self._lessons.may_set_pages(asker, lesson_id)
        deck = await self.see(person, deck_id)
        if deck.state == "failed":
            raise Refused("deck_state", "这份课件没有转换成功，还不能用。请先按提示处理。")
        async with self._database.write() as tx:
            await tables.set_wish(tx, lesson_id, deck.id)
        await self.fulfil(lesson_id, deck.id)
        return await self._lessons.see(asker, lesson_id)

    async def fulfil(self, lesson_id: str, deck_id: str) -> None:
        """Give the lesson the deck that it waits for when that is ready: it may just have become so."""
        async with self._database.write() as tx:
            deck = await tables.find_deck(tx, deck_id)
            if deck is None or deck.state != "ready" or await tables.wish_of(tx, lesson_id) != deck_id:
                return
            await self._lessons.give_pages(tx, lesson_id, await tables.pages_of(tx, deck_id))
            await tables.set_wish(tx, lesson_id, None)

    async def coming(self, lesson_id: str) -> DeckInfo | None:
        """Return the deck that the lesson waits for."""
        async with self._database.read() as tx:
            wish = await tables.wish_of(tx, lesson_id)
            deck = None if wish is None else await tables.find_deck(tx, wish)
        return None if deck is None or deck.state == "removed" else deck


def may_use(person: Person, deck: DeckInfo) -> bool:
    """Return whether the person may see the deck and give lessons with it."""
    if person.id == deck.owner.id:
        return True
    return deck.school is not None and has_right(person, Right.USE_DECKS, deck.school.id)


def may_remove(person: Person, deck: DeckInfo) -> bool:
    """Return whether the person may remove the deck."""
    if person.id == deck.owner.id:
        return True
    return deck.school is not None and has_right(person, Right.REMOVE_DECKS, deck.school.id)


def _require_kind(names: Sequence[str]) -> None:
    """Refuse by its name what cannot become a deck; what is in it is judged by the converting process."""
    suffixes = [PurePosixPath(name).suffix.lower() for name in names]
    if len(suffixes) > MAX_DECK_PAGES:
        raise Refused("deck_unsupported", f"一份课件最多 {MAX_DECK_PAGES} 页，这里有 {len(suffixes)} 张图片。")
    if len(suffixes) > 1 and not _PICTURES.issuperset(suffixes):
        raise Refused("deck_unsupported", "一次选几个文件时只能全是图片；PDF 和 PPT 请单独上传。")
    for name, suffix in zip(names, suffixes, strict=True):
        if suffix not in _SUFFIXES | _PICTURES:
            raise Refused("deck_unsupported", f"“{name}”不是能用的课件。请上传 {TAKEN}。")
