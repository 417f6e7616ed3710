"""Search over 20,000 plans and resources: `python -m bench.plan_search`. Prints one JSON line.

16,000 plans of 40 groups and 4,000 published resources of 40 schools, each with a title and 60 to 700 characters that
are put together from words as lessons have them, local ones among them (唐卡, 社火), go into a database of the server's
own kind. Then 200 queries of 1 to 8 characters, cut out of the texts at any place (across words, at their ends) and
some that stand nowhere, are asked as a member of some groups asks them. All that comes back is compared
with a search for the substring in what that person may read: recall and precision must be 1. `p50_ms`, `p95_ms` are of
the first page, with rights, ranking and snippets, as the service answers; `cpu_p95_ms` is the processor's part of it,
all threads together: what an otherwise idle machine needs.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import random
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select

from server.accounts.model import Person, School
from server.accounts.tables import people, schools
from server.library.resources.model import Audience, Contributor, Metadata
from server.library.resources.tables import resource_versions, resources, searched
from server.planning.groups.desk import sight_of
from server.planning.groups.tables import group_members, group_rules, groups
from server.planning.plans.tables import plans
from server.planning.search import index
from server.planning.search.index import Entry
from server.planning.search.service import Asked, SearchService, matching
from server.planning.search.tables import entries
from server.planning.search.terms import query
from server.storage.database import Database, Transaction, open_database, sqlite_url

SEED, PLANS, RESOURCES, GROUPS, OWN_GROUPS, QUERIES = 7, 16_000, 4_000, 40, 4, 200
# Words of lessons, local ones among them, are the most frequent; the rest of the vocabulary is made up of characters of
# the first level of GB/T 2312 (3,755 in the order of their pronunciation), and all come by Zipf's law.
WORDS = """
的 了 学生 教师 在 是 观察 和 实验 我们 同学们 不 讨论 为什么 有 记录 提问 一个 回答 课堂 生活 现象 规律 探究 作业 与 从
光的折射 水面 铅笔 猜想 汇报 导入 新授 练习 板书 课件 远端 合作 倾听 表达 唐卡 社火 皮影戏 元素周期表 分数 小数 三角形
面积 体积 方程 古诗 散文 拼音 笔画 朗读 默写 长江 黄河 高原 梯田 傣族 泼水节 那达慕 马头琴 火塘 稻作 研学 劳动
""".split()  # noqa: SIM905  # a list of them would fill a page
VOCABULARY = 8_000  # words; a good dictionary of school books has as many


AUDIENCES: tuple[Audience, ...] = ("school", "region", "public")


class Corpus:
    """What there is, and what the person who asks may read of it."""

    def __init__(self, rng: random.Random) -> None:
        self.rng = rng
        common = [bytes((high, low)).decode("gb2312") for high in range(0xB0, 0xD7) for low in range(0xA1, 0xFA)]
        made = ["".join(rng.choices(common, k=rng.choice((1, 2, 2, 2, 3, 4)))) for _ in range(VOCABULARY)]
        self.words = [*WORDS, *made][:VOCABULARY]
        self.weights = [*itertools.accumulate(1 / (rank + 3) for rank in range(VOCABULARY))]
        self.texts: dict[str, str] = {}  # by kind and id: what may be found of it by this person

    def sentence(self, low: int, high: int) -> str:
        """Return so many characters, with some signs between."""
        length, made = self.rng.randint(low, high), ""
        while len(made) < length:
            made += self.rng.choices(self.words, cum_weights=self.weights)[0]
            made += self.rng.choice("，。\n") if self.rng.random() < 0.12 else ""
        return made[:length].strip()


async def _people(tx: Transaction) -> Person:
    own = School("s0", "第0小学", "rural", "云南省")
    await tx.execute(
        insert(schools),
        [{"id": f"s{n}", "name": f"第{n}小学", "kind": "rural", "region": f"区{n % 8}"} for n in range(GROUPS)],
    )
    row: dict[str, Any] = {"name": "李", "password_hash": "", "school_id": "s0", "is_manager": False}
    await tx.execute(insert(people), [{"id": one, "username": one, **row} for one in ("li", "x")])
    fixed: dict[str, Any] = {
        "subject": "科学",
        "stage": "小学",
        "state": "open",
        "reason": "",
        "created_ms": 0,
        "changed_ms": 0,
    }
    fixed |= {"kind": "jiaoyanzu", "rules_version": 1}
    await tx.execute(insert(groups), [{"id": f"g{n}", "name": f"第{n}组", **fixed} for n in range(GROUPS)])
    rules = {"version": 1, "text": "", "by_id": "x", "made_ms": 0}
    await tx.execute(insert(group_rules), [{"group_id": f"g{n}", **rules} for n in range(GROUPS)])
    member: dict[str, Any] = {"person_id": "li", "role": "member", "since_ms": 0, "confirmed": 0}
    await tx.execute(insert(group_members), [{"group_id": f"g{n}", **member} for n in range(OWN_GROUPS)])
    return Person("li", "li", "李", own)


Row = dict[str, Any]


def _plan(corpus: Corpus, number: int) -> tuple[Row, Entry]:
    rng, plan_id, group = corpus.rng, f"p{number}", number % GROUPS
    title, body = corpus.sentence(4, 20), corpus.sentence(60, 700)
    state = rng.choice(("draft", "finalised"))
    final = body[: len(body) // 2] if state == "finalised" else ""
    row: dict[str, Any] = {
        "title": title,
        "subject": "科学",
        "grade": "五年级",
        "edition": "",
        "lead_id": "x",
        "state": state,
    }
    row |= {"generation": 1, "revision": 1, "by_id": "x", "created_ms": 0, "changed_ms": number}
    row |= {"id": plan_id, "group_id": f"g{group}"}
    if group < OWN_GROUPS:
        corpus.texts[f"plan {plan_id}"] = f"{title}\n{body}\n{final}"
    elif state == "finalised":
        corpus.texts[f"plan {plan_id}"] = f"{title}\n{final}"
    return row, Entry(kind="plan", object_id=plan_id, title=title, body=body, final=final, changed_ms=number)


def _resource(corpus: Corpus, number: int) -> tuple[Row, Row, Entry]:
    title, body, resource_id = corpus.sentence(4, 20), corpus.sentence(60, 700), f"r{number}"
    audience = corpus.rng.choice(AUDIENCES)
    meta = Metadata(title=title, subject="科学", grade="五年级", audience=audience,
                    contributors=(Contributor("x", "author", 10_000),))  # fmt: skip
    school = number % GROUPS
    row: dict[str, Any] = {
        "id": resource_id,
        "kind": "document",
        "school_id": f"s{school}",
        "owner_id": "x",
        "state": "published",
        "version": 1,
    }
    row |= {"published": 1, "revision": 1, "reason": "", "created_ms": 0, "changed_ms": 0, **searched(meta)}
    version = {"resource_id": resource_id, "version": 1, "by_id": "x", "published_ms": number, **searched(meta)}
    near = school % 8 == 0
    if audience == "public" or (audience == "region" and near) or school == 0:
        corpus.texts[f"resource {resource_id}"] = f"{title}\n{body}"
    entry = Entry(kind="resource", object_id=resource_id, title=title, body=body, changed_ms=number)
    return row, version, entry


def _queries(corpus: Corpus) -> list[str]:
    texts = list(corpus.texts.values())
    found: list[str] = []
    while len(found) < QUERIES:
        length = len(found) % 8 + 1
        if len(found) % 25 == 24:
            found.append("".join(corpus.rng.choice("量子力学相对论基因编辑") for _ in range(length)))
            continue
        text = corpus.rng.choice(texts)
        at = corpus.rng.randrange(len(text))
        piece = text[at : at + length]
        if len(piece) == length and all("\u4e00" <= one <= "\u9fff" for one in piece):
            found.append(piece)
    return found


async def _asked(tx: Transaction, person: Person, typed: str) -> Asked:
    return Asked(person=person, groups=(await sight_of(tx, person)).groups, terms=query(typed))


async def _compare(database: Database, person: Person, corpus: Corpus, queries: list[str]) -> dict[str, Any]:
    service = SearchService(database)
    right = returned = wanted = 0
    times: list[float] = []
    cpu: list[float] = []
    async with database.read() as tx:
        keys = {row.id: f"{row.kind} {row.object_id}" for row in await tx.execute(select(entries))}
    for typed in queries:
        begun, used = time.perf_counter(), time.process_time()
        await service.find(person, typed)
        times.append((time.perf_counter() - begun) * 1000)
        cpu.append((time.process_time() - used) * 1000)
        async with database.read() as tx:
            found = {keys[one] for one in await matching(tx, await _asked(tx, person, typed), limit=PLANS + RESOURCES)}
        expected = {key for key, text in corpus.texts.items() if typed in text}
        right, returned, wanted = right + len(found & expected), returned + len(found), wanted + len(expected)
    cuts = statistics.quantiles(times, n=20)
    return {
        "recall": right / wanted,
        "precision": right / returned,
        "p50_ms": round(cuts[9], 1),
        "p95_ms": round(cuts[18], 1),
        "max_ms": round(max(times), 1),
        "cpu_p95_ms": round(statistics.quantiles(cpu, n=20)[18], 1),
        "found": returned,
    }


async def run() -> dict[str, Any]:
    """Return the figures."""
    corpus = Corpus(random.Random(SEED))
    with tempfile.TemporaryDirectory(prefix="tongtang-") as folder:
        path = Path(folder) / "tongtang.db"
        async with open_database(sqlite_url(path)) as database:
            begun = time.perf_counter()
            person = await _fill(database, corpus)
            filled_s = time.perf_counter() - begun
            queries = _queries(corpus)
            figures = await _compare(database, person, corpus, queries)
        return {
            "entries": PLANS + RESOURCES,
            "readable": len(corpus.texts),
            "queries": len(queries),
            **figures,
            "fill_s": round(filled_s, 1),
            "database_mb": round(path.stat().st_size / 1e6, 1),
        }


async def _fill(database: Database, corpus: Corpus) -> Person:
    async with database.write() as tx:
        person = await _people(tx)
    for begin in range(0, PLANS, 2_000):
        made = [_plan(corpus, number) for number in range(begin, begin + 2_000)]
        async with database.write() as tx:
            await tx.execute(insert(plans), [one[0] for one in made])
            await index.put_new(tx, [one[1] for one in made])
    shared = [_resource(corpus, number) for number in range(RESOURCES)]
    async with database.write() as tx:
        await tx.execute(insert(resources), [one[0] for one in shared])
        await tx.execute(insert(resource_versions), [one[1] for one in shared])
        await index.put_new(tx, [one[2] for one in shared])
    return person


if __name__ == "__main__":
    print(json.dumps(asyncio.run(run())))
