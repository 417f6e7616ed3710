"""The rules of accounts: who may log in, and who may add schools, classrooms and people."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections.abc import Callable
from datetime import UTC, datetime

from server.accounts import tables
from server.accounts.limits import AttemptLimit
from server.accounts.model import Classroom, Person, School, SchoolKind, SchoolRef
from server.accounts.passwords import Passwords
from server.accounts.rights import Right, require_right
from server.fields import field_invalid
from server.storage.database import Database
from server.storage.ids import new_id
from signaling.data_caps import DataCap
from signaling.errors import Refused

SESSION_DAYS = 14
# A person mistypes a few times; a machine is stopped at 8 tries in 5 minutes = 2,300 a day (NIST SP 800-63B §5.2.2
# allows 100 in a row). A whole school comes from one address, so an address alone may fail more often.
LOGIN_TRIES = 8
LOGIN_TRIES_OF_ADDRESS = 80
LOGIN_WINDOW_S = 300.0
MIN_PASSWORD = 8  # NIST SP 800-63B §5.1.1.2
MAX_PASSWORD = 128

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """Return the wall clock."""
    return datetime.now(UTC)


def epoch_ms(moment: datetime) -> int:
    """Return UTC epoch milliseconds."""
    return int(moment.timestamp() * 1000)


def digest(secret: str) -> str:
    """Return what is stored in place of a random secret; 256 random bits need no slow hash."""
    return hashlib.sha256(secret.encode()).hexdigest()


def too_many(wait_s: float) -> Refused:
    """Return the error of somebody who tries too often."""
    minutes = max(1, round(wait_s / 60))
    return Refused("too_many_attempts", f"尝试次数太多，请 {minutes} 分钟后再试。")


class AccountService:
    """People, their sessions, schools and classrooms."""

    def __init__(self, database: Database, passwords: Passwords, clock: Clock = utc_now) -> None:
        self._database = database
        self._passwords = passwords
        self._clock = clock
        self._by_account = AttemptLimit(LOGIN_TRIES, LOGIN_WINDOW_S)
        self._by_address = AttemptLimit(LOGIN_TRIES_OF_ADDRESS, LOGIN_WINDOW_S)

    # --- sessions -------------------------------------------------------------------------------------------------

    async def log_in(self, username: str, password: str, address: str) -> tuple[Person, str]:
        """Return the person and a new session's token.

        Raises:
            Refused: `login_wrong` or `too_many_attempts`.
        """
        now = time.monotonic()
        keys = ((self._by_account, f"{username}\n{address}"), (self._by_address, address))
        for limit, key in keys:
            if not limit.is_allowed(key, now):
                raise too_many(limit.wait_s(key, now))
            limit.count(key, now)  # before the slow hash, so that parallel guesses count too
        async with self._database.read() as tx:
            found = await tables.find_login(tx, username)
        if not await self._passwords.is_right(found[1] if found else None, password) or found is None:
            raise Refused("login_wrong", "用户名或密码不对，请再试一次。")
        self._by_account.forget(f"{username}\n{address}")
        self._by_address.forgive(address)  # a school that logs in at eight o'clock is no attack
        return found[0], await self.open_session(found[0])

    async def open_session(self, person: Person) -> str:
        """Return the token of a new session; only its hash is stored."""
        token = secrets.token_urlsafe(32)
        now_ms = epoch_ms(self._clock())
        async with self._database.write() as tx:
            await tables.remove_old_sessions(tx, now_ms)
            await tables.add_session(tx, digest(token), person.id, now_ms + SESSION_DAYS * 86_400_000)
        return token

    async def person_of(self, token: str) -> Person | None:
        """Return whose session the token is of."""
        async with self._database.read() as tx:
            return await tables.find_session(tx, digest(token), epoch_ms(self._clock()))

    async def log_out(self, token: str) -> None:
        """End a session."""
        async with self._database.write() as tx:
            await tables.remove_session(tx, digest(token))

    # --- people ---------------------------------------------------------------------------------------------------

    async def add_person(
        self, by: Person, username: str, password: str, name: str, school_id: str | None, is_manager: bool
    ) -> Person:
        """Add a person, on behalf of a manager.

        Raises:
            Refused: `not_allowed`, `username_taken` or `field_invalid`.
        """
        if not by.is_manager or (school_id is None and by.school is not None):
            raise Refused("not_allowed", "只有管理员可以添加人员。")
        if school_id is not None and not by.manages(school_id):
            raise Refused("not_allowed", "您只能为自己的学校添加人员。")
        return await self.enrol(username, password, name, school_id, is_manager)

    async def enrol(
        self, username: str, password: str, name: str, school_id: str | None, is_manager: bool = False
    ) -> Person:
        """Add a person without asking who wants it: the command line and the demonstration.

        Raises:
            Refused: `username_taken` or `field_invalid`.
        """
        if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise field_invalid("password", f"密码要有 {MIN_PASSWORD} 到 {MAX_PASSWORD} 个字符。")
        password_hash = await self._passwords.hash(password)
        async with self._database.write() as tx:
            school = None
            if school_id is not None:
                school = await tables.find_school(tx, school_id)
                if school is None:
                    raise field_invalid("school_id", "没有这所学校。")
            if await tables.find_login(tx, username) is not None:
                raise Refused("username_taken", f"用户名“{username}”已经有人用了，请换一个。")
            person = Person(new_id(), username, name, school, is_manager)
            await tables.add_person(tx, person, password_hash)
        return person

    async def set_password(self, username: str, password: str) -> None:
        """Give a person a new password.

        Raises:
            Refused: `person_unknown` or `field_invalid`.
        """
        if not MIN_PASSWORD <= len(password) <= MAX_PASSWORD:
            raise field_invalid("password", f"密码要有 {MIN_PASSWORD} 到 {MAX_PASSWORD} 个字符。")
        password_hash = await self._passwords.hash(password)
        async with self._database.write() as tx:
            found = await tables.find_login(tx, username)
            if found is None:
                raise Refused("person_unknown", f"没有用户名为“{username}”的人。")
            await tables.set_password_hash(tx, found[0].id, password_hash)
            await tables.remove_sessions_of(tx, found[0].id)

    async def find_people(self, usernames: tuple[str, ...]) -> dict[str, Person]:
        """Return those of `usernames` that exist."""
        async with self._database.read() as tx:
            return await tables.find_people(tx, usernames)

    # --- schools --------------------------------------------------------------------------------------------------

    async def schools(self) -> tuple[School, ...]:
        """Return all schools with their classrooms."""
        async with self._database.read() as tx:
            return await tables.all_schools(tx)

    async def add_school(self, by: Person, name: str, kind: SchoolKind, region: str) -> School:
        """Add a school, on behalf of a manager of the region.

        Raises:
            Refused: `not_allowed` or `name_taken`.
        """
        if not by.is_manager or by.school is not None:
            raise Refused("not_allowed", "只有区域管理员可以添加学校。")
        return await self.found_school(name, kind, region)

    async def found_school(self, name: str, kind: SchoolKind, region: str) -> School:
        """Add a school without asking who wants it.

        Raises:
            Refused: `name_taken`.
        """
        async with self._database.write() as tx:
            if await tables.has_school_named(tx, name):
                raise Refused("name_taken", f"已经有一所学校叫“{name}”。")
            school = School(new_id(), name, kind, region)
            await tables.add_school(tx, school)
        return school

    async def set_cap(self, by: Person, school_id: str, cap: DataCap) -> School:
        """Change a school's data cap, on behalf of one of its teachers or managers; return the school.

        Raises:
            Refused: `not_allowed` or `school_unknown`.
        """
        require_right(by, Right.SET_DATA_CAP, school_id, "您只能修改自己学校的流量设置。")
        async with self._database.write() as tx:
            await tables.set_cap(tx, school_id, cap)
            school = next((one for one in await tables.all_schools(tx) if one.id == school_id), None)
        if school is None:
            raise Refused("school_unknown", "没有这所学校。")
        return school

    async def caps(self) -> dict[str, DataCap]:
        """Return the data caps of those schools that have one, by school id."""
        async with self._database.read() as tx:
            return await tables.caps(tx)

    async def add_classroom(self, by: Person, school_id: str, name: str) -> Classroom:
        """Add a classroom to a school, on behalf of one of its teachers or managers.

        Raises:
            Refused: `not_allowed`, `school_unknown` or `name_taken`.
        """
        require_right(by, Right.ADD_CLASSROOM, school_id, "您只能为自己的学校添加教室。")
        return await self.equip_classroom(school_id, name)

    async def equip_classroom(self, school_id: str, name: str) -> Classroom:
        """Add a classroom without asking who wants it.

        Raises:
            Refused: `school_unknown` or `name_taken`.
        """
        async with self._database.write() as tx:
            school = await tables.find_school(tx, school_id)
            if school is None:
                raise Refused("school_unknown", "没有这所学校。")
            if await tables.has_classroom_named(tx, school_id, name):
                raise Refused("name_taken", f"{school.name}已经有一间“{name}”。")
            classroom = Classroom(new_id(), name, SchoolRef(school.id, school.name))
            await tables.add_classroom(tx, classroom.id, school_id, name)
        return classroom
