"""Tasks of a plan: what somebody does for it until a day."""

from __future__ import annotations

from server.accounts.model import Person
from server.accounts.service import Clock, epoch_ms, utc_now
from server.fields import field_invalid
from server.lessons.model import PersonRef
from server.planning.groups import tables as group_tables
from server.planning.log import ActivityLog
from server.planning.plans import desk, papers
from server.planning.plans.model import Task
from server.planning.rights import Right, require
from server.storage.database import Database, Transaction
from server.storage.ids import new_id
from signaling.errors import Refused

MAX_TASKS = 200


class TaskService:
    """Tasks of plans."""

    def __init__(self, database: Database, activity: ActivityLog, clock: Clock = utc_now) -> None:
        self._database = database
        self._activity = activity
        self._clock = clock

    async def listed(self, person: Person, plan_id: str) -> tuple[Task, ...]:
        """Return a plan's tasks: open ones first.

        Raises:
            Refused: `plan_unknown` or `not_allowed`.
        """
        async with self._database.read() as tx:
            await desk.require_in(tx, person, plan_id, Right.READ_PLAN)
            return await papers.tasks_of(tx, plan_id)

    async def add(self, person: Person, plan_id: str, text: str, owner_id: str, due: str | None) -> Task:
        """Give somebody of the group a task.

        Raises:
            Refused: `plan_unknown`, `not_allowed`, `group_closed`, `tasks_full` or `field_invalid`.
        """
        if not text.strip():
            raise field_invalid("text", "不能为空。")
        now = epoch_ms(self._clock())
        async with self._database.write() as tx:
            access = await desk.require_in(tx, person, plan_id, Right.ASSIGN_TASK)
            member = await group_tables.find_member(tx, access.group.id, owner_id)
            if member is None:
                raise field_invalid("owner_id", "负责人必须在这个教研组里。")
            if len(await papers.tasks_of(tx, plan_id)) >= MAX_TASKS:
                raise Refused("tasks_full", f"一份教案最多 {MAX_TASKS} 项任务，请先删除旧的。")
            by = PersonRef(person.id, person.name)
            task = Task(
                id=new_id(), plan_id=plan_id, text=text.strip(), owner=member.person, due=due, by=by, made_ms=now
            )
            await papers.add_task(tx, task)
            data = {"title": access.plan.title, "text": task.text, "person": owner_id, "name": member.person.name}
            await self._note(tx, "task.made", person, access, task.id, {**data, "due": due or ""})
        return task

    async def finish(self, person: Person, plan_id: str, task_id: str, *, is_done: bool) -> Task:
        """Note that a task is done, or not: whoever it was given to, or a member.

        Raises:
            Refused: `task_unknown`, `not_allowed` or `group_closed`.
        """
        async with self._database.write() as tx:
            access, task = await self._owned_or(tx, person, plan_id, task_id)
            done = {"done_ms": epoch_ms(self._clock()), "done_by_id": person.id}
            await papers.change_task(tx, task_id, **(done if is_done else {"done_ms": None, "done_by_id": None}))
            if is_done and task.done_ms is None:
                data = {"title": access.plan.title, "text": task.text}
                await self._note(tx, "task.done", person, access, task_id, data)
            return await papers.find_task(tx, plan_id, task_id)

    async def remove(self, person: Person, plan_id: str, task_id: str) -> None:
        """Delete a task.

        Raises:
            Refused: `task_unknown`, `not_allowed` or `group_closed`.
        """
        async with self._database.write() as tx:
            await desk.require_in(tx, person, plan_id, Right.ASSIGN_TASK)
            await papers.find_task(tx, plan_id, task_id)
            await papers.remove_task(tx, task_id)

    async def _owned_or(self, tx: Transaction, person: Person, plan_id: str, task_id: str) -> tuple[desk.Access, Task]:
        access = await desk.require_in(tx, person, plan_id, Right.READ_PLAN)
        task = await papers.find_task(tx, plan_id, task_id)
        right = Right.COMMENT if task.owner.id == person.id else Right.ASSIGN_TASK
        require(access.role, right, "这项任务不是您的。", is_closed=access.group.is_closed)
        return access, task

    async def _note(
        self, tx: Transaction, kind: str, person: Person, access: desk.Access, task_id: str, data: dict[str, str]
    ) -> None:
        plan = access.plan
        await self._activity.note(
            tx, kind, person.id, group_id=plan.group_id, plan_id=plan.id, object_id=task_id, data=data
        )
