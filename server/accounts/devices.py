"""Screens in classrooms: paired once by a teacher who types the six digits that the screen shows."""

from __future__ import annotations

import secrets
import time

from server.accounts import tables
from server.accounts.limits import AttemptLimit
from server.accounts.model import Device, Person
from server.accounts.rights import Right, require_right
from server.accounts.service import Clock, digest, epoch_ms, too_many, utc_now
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused, Unavailable

CODE_LIFE_MS = 600_000  # ten minutes: time to walk to the office and back for the phone
KEPT_UNPAIRED_MS = 86_400_000  # a screen that nobody paired is forgotten a day after its last code
# A code is one of 900,000; 10 guesses in 10 minutes hit one of 100 waiting screens once in 900 such windows, and the
# guesser must be a logged-in teacher whom the classroom belongs to.
PAIR_TRIES = 10
NEW_SCREENS = 30  # new screens an address may register in ten minutes: a computer room set up at once
WINDOW_S = 600.0
MAX_UNPAIRED = 5_000  # bounds the table against a flood from many addresses


class DeviceService:
    """The screens that are paired, and those that wait to be."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self._pairings = AttemptLimit(PAIR_TRIES, WINDOW_S)
        self._registrations = AttemptLimit(NEW_SCREENS, WINDOW_S)

    async def register(self, address: str) -> tuple[Device, str]:
        """Return a new unpaired screen and its secret.

        Raises:
            Refused: `too_many_attempts`.
            Unavailable: `busy` when too many screens wait.
        """
        now = time.monotonic()
        if not self._registrations.is_allowed(address, now):
            raise too_many(self._registrations.wait_s(address, now))
        self._registrations.count(address, now)
        secret = secrets.token_urlsafe(32)
        now_ms = epoch_ms(self._clock())
        async with self._database.write() as tx:
            await tables.remove_old_devices(tx, now_ms - KEPT_UNPAIRED_MS)
            if await tables.codes_in_use(tx) >= MAX_UNPAIRED:
                raise Unavailable("busy", "等待配对的屏幕太多，请稍后再试。")
            code = await _free_code(tx)
            device = Device(new_id(), code, None)
            await tables.add_device(tx, device.id, digest(secret), code, now_ms + CODE_LIFE_MS)
        return device, secret

    async def device_of(self, secret: str) -> Device | None:
        """Return the screen with this secret."""
        async with self._database.read() as tx:
            return await tables.find_device(tx, digest(secret))

    async def with_fresh_code(self, device: Device) -> Device:
        """Return the screen, with a new code when it is unpaired and its code is over."""
        if device.classroom is not None:
            return device
        now_ms = epoch_ms(self._clock())
        async with self._database.read() as tx:
            expired = await tables.is_code_expired(tx, device.id, now_ms)
        if not expired:
            return device
        async with self._database.write() as tx:
            code = await _free_code(tx)
            await tables.set_code(tx, device.id, code, now_ms + CODE_LIFE_MS)
        return Device(device.id, code, None)

    async def pair(self, by: Person, code: str, classroom_id: str, address: str) -> Device:
        """Register the screen that shows `code` for a classroom of the person's school.

        Raises:
            Refused: `too_many_attempts`, `classroom_unknown`, `not_allowed` or `pairing_code_unknown`.
        """
        now = time.monotonic()
        keys = (f"person {by.id}", f"address {address}")
        for key in keys:
            if not self._pairings.is_allowed(key, now):
                raise too_many(self._pairings.wait_s(key, now))
        async with self._database.write() as tx:
            classroom = (await tables.find_classrooms(tx, (classroom_id,))).get(classroom_id)
            if classroom is None:
                raise Refused("classroom_unknown", "没有这间教室。")
            require_right(by, Right.PAIR_SCREEN, classroom.school.id, "您只能配对自己学校的教室。")
            device = await tables.find_device_by_code(tx, code, epoch_ms(self._clock()))
            if device is not None:
                await tables.pair_device(tx, device.id, classroom_id)
        if device is None:
            for key in keys:
                self._pairings.count(key, now)
            raise Refused("pairing_code_unknown", "没有屏幕在显示这个配对码。请核对教室屏幕上的六位数字。")
        return Device(device.id, None, classroom)

    async def remove(self, device: Device) -> None:
        """Forget the screen."""
        async with self._database.write() as tx:
            await tables.remove_device(tx, device.id)


async def _free_code(tx: Transaction) -> str:
    while True:  # at most MAX_UNPAIRED of 900,000 codes are taken: the first is free 199 times in 200
        code = str(100_000 + secrets.randbelow(900_000))
        if not await tables.has_code(tx, code):
            return code
