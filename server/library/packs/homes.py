"""Schools' libraries at the platform: pairing them, knowing them again, and counting what they report."""

from __future__ import annotations

import base64
import secrets
import time
from collections.abc import Sequence

import msgspec

from recorder.pack.dsse import Envelope, SignatureWrong, open_envelope
from server.accounts.limits import AttemptLimit
from server.accounts.model import Asker, Classroom, Device, Person, SchoolRef
from server.accounts.rights import Right, require_right
from server.accounts.service import Clock, digest, epoch_ms, too_many, utc_now
from server.accounts.tables import find_school
from server.library.packs import tables
from server.library.packs.model import USES_TYPE, SchoolLibrary, Use, UsesReport, UseTotal
from server.library.resources import desk
from server.storage.database import Database, Transaction
from server.storage.ids import new_code, new_id
from signaling.errors import Refused

CODE_LIFE_MS = 1_800_000  # half an hour: time to walk from the office to the computer room
PAIR_TRIES, WINDOW_S = 10, 600.0  # a code is one of 8.5e11
REPORTS = 60  # of a person in ten minutes: a stick with a year of records is some dozens
FUTURE_MS = 86_400_000  # a day: what a wrong clock says beyond that is counted at the time it came


class LibraryHomes:
    """The libraries of schools."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self._pairings = AttemptLimit(PAIR_TRIES, WINDOW_S)
        self._reports = AttemptLimit(REPORTS, WINDOW_S)

    async def invite(self, by: Person, school_id: str, name: str) -> tuple[SchoolLibrary, str]:
        """Return a library that waits to be paired, and the code that is typed in on it.

        Raises:
            Refused: `school_unknown` or `not_allowed`.
        """
        require_right(by, Right.PAIR_SCREEN, school_id, "您只能给自己的学校添加校内资源库。")
        code, now_ms = new_code(), epoch_ms(self._clock())
        school = await self.require_school(school_id)
        async with self._database.write() as tx:
            made = SchoolLibrary(new_id(), name, school, False, "", 0)
            await tables.add_library(tx, made.id, school_id, name, digest(code), now_ms + CODE_LIFE_MS)
        return made, code

    async def require_school(self, school_id: str) -> SchoolRef:
        """Return the school.

        Raises:
            Refused: `school_unknown`.
        """
        async with self._database.read() as tx:
            school = await find_school(tx, school_id)
        if school is None:
            raise Refused("school_unknown", "没有这所学校。")
        return SchoolRef(school.id, school.name)

    async def pair(self, code: str, public_key: str, address: str) -> tuple[SchoolLibrary, str]:
        """Return the library that the code is of, and its secret from now on.

        Raises:
            Refused: `too_many_attempts` or `pairing_code_unknown`.
        """
        now = time.monotonic()
        if not self._pairings.is_allowed(address, now):
            raise too_many(self._pairings.wait_s(address, now))
        secret = secrets.token_urlsafe(32)
        async with self._database.write() as tx:
            found = await tables.pair_library(
                tx, digest(code.strip().lower()), digest(secret), public_key, epoch_ms(self._clock())
            )
        if found is None:
            self._pairings.count(address, now)
            raise Refused("pairing_code_unknown", "没有这个配对码，或者它已经过期。请在平台的学校页面上重新生成。")
        return found, secret

    async def library_of(self, secret: str) -> SchoolLibrary:
        """Return the library with this secret, and note that it was there.

        Raises:
            Refused: `library_unknown`.
        """
        async with self._database.read() as tx:
            found = await tables.library_of(tx, digest(secret))
        now_ms = epoch_ms(self._clock())
        if found is None:
            raise Refused("library_unknown", "这个校内资源库没有配对，或者已经被平台移除。请重新配对。")
        if now_ms - found.seen_ms > 60_000:
            async with self._database.write() as tx:
                await tables.touch_library(tx, found.id, now_ms)
        return found

    async def of_school(self, by: Person, school_id: str) -> list[SchoolLibrary]:
        """Return the school's libraries.

        Raises:
            Refused: `not_allowed`.
        """
        require_right(by, Right.PAIR_SCREEN, school_id, "您只能看自己学校的校内资源库。")
        async with self._database.read() as tx:
            return await tables.libraries_of(tx, school_id)

    async def remove(self, by: Person, library_id: str) -> None:
        """Forget a library; what it keeps stays there, but it gets nothing new.

        Raises:
            Refused: `library_unknown` or `not_allowed`.
        """
        async with self._database.write() as tx:
            found = await tables.find_library(tx, library_id)
            if found is None:
                raise Refused("library_unknown", "没有这个校内资源库。")
            require_right(by, Right.PAIR_SCREEN, found.school.id, "您只能移除自己学校的校内资源库。")
            await tables.remove_library(tx, library_id)

    async def report(self, envelope: Envelope) -> tuple[int, int]:
        """Count what a library signed, whoever carried it here; return how many were new and how many not known.

        Raises:
            Refused: `library_unknown` or `uses_invalid`.
        """
        try:
            body = msgspec.json.decode(base64.b64decode(envelope.payload, validate=True), type=UsesReport)
        except ValueError as error:  # msgspec's and binascii's errors both are
            raise _invalid() from error
        async with self._database.read() as tx:
            found = await tables.find_library(tx, body.library)
        if found is None or not found.public_key:
            raise Refused("library_unknown", "这份使用记录来自平台不认识的校内资源库，没有计入。请先重新配对。")
        try:
            open_envelope(envelope, USES_TYPE, found.public_key)
        except SignatureWrong as error:
            raise _invalid() from error
        async with self._database.write() as tx:
            return await self._add(tx, body.uses, found.school.id, found.id)

    async def bring(self, by: Person, uses: Sequence[Use]) -> tuple[int, int]:
        """Count what a person brought from a computer without a library; they vouch for it, for their own school.

        Raises:
            Refused: `too_many_attempts`.
        """
        now = time.monotonic()
        if not self._reports.is_allowed(by.id, now):
            raise too_many(self._reports.wait_s(by.id, now))
        self._reports.count(by.id, now)
        async with self._database.write() as tx:
            return await self._add(tx, uses, by.school_id, "")

    async def _add(self, tx: Transaction, uses: Sequence[Use], school: str | None, library: str) -> tuple[int, int]:
        now_ms = epoch_ms(self._clock())
        sane = [
            use if use.began_ms <= now_ms + FUTURE_MS else msgspec.structs.replace(use, began_ms=now_ms) for use in uses
        ]
        return await tables.add_uses(tx, sane, school, library, now_ms)

    async def uses_of(self, asker: Asker, resource_id: str) -> list[UseTotal]:
        """Return where a resource was played offline, for those who may see it.

        Raises:
            Refused: `resource_unknown`.
        """
        async with self._database.read() as tx:
            await desk.require_published(tx, asker, resource_id)
            return await tables.uses_of(tx, resource_id)


def asker_for(library: SchoolLibrary) -> Asker:
    """Return a library as it asks for resources: it stands for its school, as a screen in one of its rooms does."""
    return Asker(None, Device(library.id, None, Classroom("", library.name, library.school, True)))


def _invalid() -> Refused:
    return Refused("uses_invalid", "这份使用记录被改动过或者不完整，没有计入。请重新从校内资源库导出。")
