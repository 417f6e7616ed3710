"""Consents of those who are seen and heard: recorded by whoever may, revoked at any time, at once."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime
from typing import Literal

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons.model import PersonRef
from server.library.resources import desk, papers, tables
from server.library.resources.model import Consent, Consents, Resource, Scope
from server.planning.search.keeping import resource_changed
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

How = Literal["paper", "in_person", "online"]
MAX_CONSENTS = 500  # of one resource, also revoked ones: 60 classrooms, asked again several times


class ConsentService:
    """The consents of resources."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    async def record(
        self,
        person: Person,
        resource_id: str,
        subject_id: str,
        renditions: Sequence[str],
        scope: Scope,
        given_on: str,
        how: How,
        note: str,
    ) -> Consents:
        """Note that somebody consents; it holds beside what was noted before. Return all.

        Raises:
            Refused: `resource_unknown`, `not_allowed`, `consents_full` or `field_invalid`.
        """
        now = epoch_ms(self._clock())
        async with self._database.write() as tx:
            resource = await self._resource(tx, person, resource_id)
            known = await desk.consents_of(tx, resource)
            asked = [need for need in known.needs if need.subject.id == subject_id]
            if not asked:
                raise field_invalid("subject_id", "这份资源里没有这个人或这个班。请刷新页面。")
            subject = asked[0].subject
            if not desk.may_record(person, subject):
                who = "班级的同意由本校教师登记。" if subject.kind == "classroom" else "要由本人登记。"
                raise Refused("not_allowed", f"不能替“{subject.name}”登记：{who}")
            if not renditions or not set(renditions) <= {need.rendition for need in asked}:
                raise field_invalid("renditions", "请选出同意公开的画面或声音。")
            if len(known.given) >= MAX_CONSENTS:
                raise Refused("consents_full", "这份资源登记的同意太多了，请联系管理员。")
            consent = Consent(
                id=new_id(), subject=subject, renditions=tuple(dict.fromkeys(renditions)), scope=scope,
                given_on=_day(given_on, now), how="online" if subject.kind == "person" else how, note=note.strip(),
                recorded_by=PersonRef(person.id, person.name), recorded_ms=now,
            )  # fmt: skip
            await papers.add_consent(tx, resource_id, consent)
            return await desk.consents_of(tx, resource)

    async def revoke(self, person: Person, resource_id: str, consent_id: str) -> Consents:
        """Revoke a consent: nothing that needs it is handed out from now on. Return all.

        Raises:
            Refused: `resource_unknown`, `consent_unknown` or `not_allowed`.
        """
        async with self._database.write() as tx:
            resource = await self._resource(tx, person, resource_id)
            consents = await papers.consents_of(tx, resource_id)
            found = next((one for one in consents if one.id == consent_id), None)
            if found is None:
                raise Refused("consent_unknown", "没有这条同意记录，请刷新页面。")
            if not desk.may_record(person, found.subject):
                raise Refused("not_allowed", f"“{found.subject.name}”的同意要由登记它的人，或同校教师撤回。")
            await papers.set_revoked(tx, consent_id, epoch_ms(self._clock()))
            await resource_changed(tx, resource_id, is_afresh=True)  # words that may not be heard are not found either
            return await desk.consents_of(tx, resource)

    async def _resource(self, tx: Transaction, person: Person, resource_id: str) -> Resource:
        resource = await tables.find(tx, resource_id)
        if resource is None or not await desk.may_see_work(tx, person, resource):
            raise desk.unknown()
        return resource


def _day(text: str, now_ms: int) -> str:
    """Return the date as ISO 8601; tomorrow's is the latest, since the server may be a time zone behind.

    Raises:
        FieldInvalid: it is none, or lies in the future.
    """
    try:
        day = date.fromisoformat(text)
    except ValueError as error:
        raise field_invalid("given_on", "请选一个日期。") from error
    if day.toordinal() > datetime.fromtimestamp(now_ms / 1000, UTC).toordinal() + 1:
        raise field_invalid("given_on", "日期还没有到。")
    return day.isoformat()
