"""What an administrator does at the terminal, beside a running server or without one: the database allows both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import cast

from server.accounts.model import SchoolKind
from server.accounts.passwords import Passwords
from server.accounts.service import AccountService
from server.data_folder import refusal
from server.fields import field_invalid
from server.settings import Settings
from server.storage.database import open_database, sqlite_url
from signaling.errors import Refused

_USERNAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,39}")


@dataclass(frozen=True)
class NewPerson:
    """Who is to be added; an empty school makes a person of the region."""

    username: str
    password: str
    name: str
    school: str
    kind: str
    region: str
    is_manager: bool


async def enrol(settings: Settings, new: NewPerson) -> str:
    """Add a person, and the school when it is new; return what to tell.

    Raises:
        Refused: a value is not acceptable, or the user name is taken.
        Unavailable: the database cannot be used.
    """
    if not _USERNAME.fullmatch(new.username):
        raise field_invalid("username", "用小写字母、数字、点和横线，2 到 40 个字符。")
    if new.kind not in ("urban", "rural"):
        raise field_invalid("kind", "应为 urban（城区）或 rural（乡村）。")
    async with open_database(_url(settings)) as database:
        accounts = AccountService(database, Passwords())
        school_id = None
        if new.school:
            known = {school.name: school for school in await accounts.schools()}
            school = known.get(new.school)
            if school is None and not new.region:
                raise Refused("school_unknown", f"还没有学校“{new.school}”。要建立它，请用 --region 给出所在地区。")
            if school is None:
                school = await accounts.found_school(new.school, cast("SchoolKind", new.kind), new.region)
            school_id = school.id
        person = await accounts.enrol(new.username, new.password, new.name, school_id, new.is_manager)
    return f"已添加：{person.name}（{person.username}）"


async def change_password(settings: Settings, username: str, password: str) -> str:
    """Give a person a new password; return what to tell.

    Raises:
        Refused: `person_unknown` or `field_invalid`.
        Unavailable: the database cannot be used.
    """
    async with open_database(_url(settings)) as database:
        await AccountService(database, Passwords()).set_password(username, password)
    return f"已更换 {username} 的密码。"


def _url(settings: Settings) -> str:
    if settings.database:
        return settings.database
    try:
        settings.data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise refusal(error, settings.data) from error
    return sqlite_url(settings.data / "tongtang.db")
