"""Search through the server's own doors: who finds what, and that the index keeps in step."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
from pycrdt import Doc, XmlFragment
from sqlalchemy import delete, select

from recorder.control import Rendition
from recorder.resource import Caption, PageFile, Resource as Recorded
from server.accounts.model import SchoolRef
from server.lessons.model import PersonRef
from server.library.resources.model import Contributor, FileEntry, Metadata, Resource
from server.library.resources.papers import add_version
from server.library.resources.tables import add_resource
from server.planning.document import ROOT, append_pieces, paragraph
from server.planning.search import keeping
from server.planning.search.index import version
from server.planning.search.tables import entries
from server.planning.search.terms import VERSION
from server.planning.search.words import words_of
from tests.integration.server.planning.conftest import Workshop


async def make_plan(workshop: Workshop, title: str, words: str) -> str:
    """Return a plan in which Lin wrote these words, with a version of them."""
    body = {"group_id": workshop.group, "title": title, "subject": "科学", "grade": "五年级"}
    plan = str((await workshop.send("lin", "POST", "/api/plans", body, 201))["id"])
    await write(workshop, "lin", plan, words)
    return plan


async def write(workshop: Workshop, by: str, plan: str, words: str) -> None:
    """Write a paragraph at the end of the plan, as the server does it in somebody's name."""
    author = await workshop.id_of(by)

    def change(doc: Doc[Any]) -> None:
        append_pieces(doc.get(ROOT, type=XmlFragment), (paragraph(words),))

    async def record(tx: Any, _core: Any) -> None:
        return None

    async with workshop.world.services.planning.plans.rooms.using(plan) as room:
        await room.command(record, lambda core: core.edit(author, change))


async def finalise(workshop: Workshop, plan: str) -> None:
    person = (await workshop.world.person("lin")).person
    assert person is not None
    await workshop.world.services.planning.plans.versions.make(person, plan, "定稿", is_final=True)


async def name_version(workshop: Workshop, plan: str) -> None:
    person = (await workshop.world.person("lin")).person
    assert person is not None
    await workshop.world.services.planning.plans.versions.make(person, plan, "", is_final=False)


async def found(workshop: Workshop, by: str, typed: str, more: str = "") -> list[tuple[str, str]]:
    answer = await workshop.send(by, "GET", f"/api/research/search?q={typed}{more}")
    return [(one["kind"], one["title"]["text"]) for one in answer["items"]]


async def test_members_find_drafts_and_others_only_what_is_final(workshop: Workshop) -> None:
    draft = await make_plan(workshop, "影子的秘密", "皮影戏里的影子为什么会变大。")
    await name_version(workshop, draft)
    final = await make_plan(workshop, "光的折射", "铅笔在水里像折断了，社火队员也来看。")
    await finalise(workshop, final)
    assert await found(workshop, "lin", "影子") == [("plan", "影子的秘密")]
    assert await found(workshop, "lin", "皮影戏") == [("plan", "影子的秘密")]
    assert await found(workshop, "yang", "影子") == []
    assert await found(workshop, "yang", "社火") == [("plan", "光的折射")]
    assert await found(workshop, "yang", "影") == []
    assert {title for _, title in await found(workshop, "lin", "影")} == {"影子的秘密"}


async def test_a_stranger_finds_nothing_by_words_of_the_revision(workshop: Workshop) -> None:
    plan = await make_plan(workshop, "光的折射", "铅笔在水里像折断了。")
    await finalise(workshop, plan)
    async with workshop.world.database.write() as tx:
        await keeping.plan_changed(tx, plan, "铅笔在水里像折断了。还没有人该看到泼水节。")
    assert await found(workshop, "lin", "泼水节") == [("plan", "光的折射")]
    assert await found(workshop, "yang", "泼水节") == []
    answer = await workshop.send("yang", "GET", "/api/research/search?q=光")
    assert "泼水节" not in str(answer)


async def test_a_new_plan_and_a_new_title_are_found_at_once(workshop: Workshop) -> None:
    body = {"group_id": workshop.group, "title": "唐卡里的几何", "subject": "数学", "grade": "六年级"}
    plan = await workshop.send("lin", "POST", "/api/plans", body, 201)
    assert await found(workshop, "lin", "唐卡") == [("plan", "唐卡里的几何")]
    assert await found(workshop, "lin", "几何 火塘") == []
    change = {"revision": plan["revision"], "title": "火塘边的几何"}
    await workshop.send("lin", "PATCH", f"/api/plans/{plan['id']}", change)
    assert await found(workshop, "lin", "几何 火塘") == [("plan", "火塘边的几何")]


async def test_a_hit_in_the_title_comes_first_and_hits_are_marked(workshop: Workshop) -> None:
    await name_version(workshop, await make_plan(workshop, "水的三态", "折射只是提一下。"))
    await name_version(workshop, await make_plan(workshop, "折射", "没有别的。"))
    answer = await workshop.send("lin", "GET", "/api/research/search?q=折射")
    assert [one["title"]["text"] for one in answer["items"]] == ["折射", "水的三态"]
    assert answer["items"][0]["title"]["marks"] == [[0, 2]]
    snippet = answer["items"][1]["snippet"]
    assert [snippet["text"][begin:end] for begin, end in snippet["marks"]] == ["折射"]
    assert answer["items"][1]["by"] == "林晓云" and answer["items"][1]["owner"] == "云岭小学科学教研组"


async def test_pages_follow_each_other_and_filters_narrow(workshop: Workshop) -> None:
    for number in range(21):
        await make_plan(workshop, f"梯田第{number}课", "")
    first = await workshop.send("lin", "GET", "/api/research/search?q=梯田")
    rest = await workshop.send("lin", "GET", f"/api/research/search?q=梯田&start={first['next']}")
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (20, 1, None)
    assert len({one["id"] for one in first["items"] + rest["items"]}) == 21
    assert await found(workshop, "lin", "梯田", "&grade=一年级") == []
    assert await found(workshop, "lin", "梯田", "&kind=resource") == []
    assert len(await found(workshop, "lin", "梯田第1课", "&subject=科学&grade=五年级&kind=plan")) == 1


async def test_words_of_other_scripts_are_found_whole_and_by_their_beginning(workshop: Workshop) -> None:
    """Tibetan, Uyghur, Mongolian, Yi, Zhuang: words, their first syllable or letters, and what is not in them."""
    scripts = {
        "藏文": ("བོད་ཡིག་སློབ་དེབ།", ("བོད་ཡིག", "སློབ"), "ཡིག་བོད"),
        "维吾尔文": ("ئۇيغۇر تىلى دەرسلىكى", ("تىلى", "ئۇيغ"), "دەرسىل"),
        "蒙古文": ("ᠮᠣᠩᠭᠣᠯ ᠬᠡᠯᠡ ᠪᠢᠴᠢᠭ", ("ᠬᠡᠯᠡ", "ᠮᠣᠩ"), "ᠭᠣᠯ"),
        "彝文": ("ꆈꌠꁱꂷ", ("ꌠꁱ", "ꆈꌠꁱꂷ"), "ꁱꌠ"),
        "壮文": ("Vahcuengh caeuq Sawcuengh", ("sawcuengh", "vahcu"), "cuengh"),
    }
    for title, (words, _, _) in scripts.items():
        await name_version(workshop, await make_plan(workshop, title, f"课文：{words}"))
    for title, (_, typed, absent) in scripts.items():
        for one in typed:
            assert await found(workshop, "lin", one) == [("plan", title)], (title, one)
        assert await found(workshop, "lin", absent) == [], title


async def test_bad_questions_are_refused_by_name(workshop: Workshop) -> None:
    for query in ("", "q=", f"q={'光' * 81}", "q=光&kind=person", "q=光&start=-1", "q=光&start=10001"):
        assert await workshop.refused("lin", "GET", f"/api/research/search?{query}") == "field_invalid"


async def test_published_resources_are_found_with_the_words_of_their_pages_until_withdrawn(workshop: Workshop) -> None:
    world = workshop.world
    lin = (await world.person("lin")).person
    assert lin is not None and lin.school is not None
    meta = Metadata(title="水的三态实录", subject="科学", grade="五年级", audience="school",
                    contributors=(Contributor("林晓云", "lecturer", 10_000, "", lin.id),))  # fmt: skip
    told = {name: getattr(meta, name) for name in Metadata.__struct_fields__}
    school = SchoolRef(lin.school.id, lin.school.name)
    resource = Resource(**told, id="r1", kind="document", school=school, owner=PersonRef(lin.id, lin.name),
                        state="published", version=1, published=1)  # fmt: skip
    file = FileEntry("1", "", "application/pdf", 5)
    async with world.database.write() as tx:
        await add_resource(tx, resource)
        await add_version(tx, resource, lin.id, [file], 5)
        await keeping.resource_changed(tx, "r1")
    assert await found(workshop, "lin", "三态") == [("resource", "水的三态实录")]
    assert await found(workshop, "yang", "三态") == []  # another school
    assert await world.services.planning.search_maker.read_words() == 1
    assert await world.services.planning.search_maker.read_words() == 0
    await world.services.library.resources.withdraw(lin, "r1", "重录")
    assert await found(workshop, "lin", "三态") == []


def test_the_words_of_a_recording_are_its_pages_and_what_may_be_heard(tmp_path: Path) -> None:
    (tmp_path / "captions").mkdir()
    vtt = "WEBVTT\n\n00:00.000 --> 00:02.000\n今天我们学习光的折射\n"
    (tmp_path / "captions" / "zh-CN.vtt").write_text(vtt)
    page = PageFile(1, "封面", "铅笔为什么断了", "pages/1.webp", 1, "0" * 64, 1280)
    voice = Rendition("light", "light.webm", "audio/webm", 1, 1000)
    whole = Recorded("rec", "光", 0, 1000, renditions=(voice,), page_files=(page,),
                     captions=(Caption("zh-CN", "中文", "captions/zh-CN.vtt"),))  # fmt: skip
    (tmp_path / "resource.json").write_bytes(msgspec.json.encode(whole))
    assert words_of(tmp_path, {"light"}) == "封面\n铅笔为什么断了\n今天我们学习光的折射"
    assert words_of(tmp_path, set()) == "封面\n铅笔为什么断了"
    assert words_of(tmp_path / "gone", {"light"}) == ""


async def test_an_index_of_another_version_is_made_anew(workshop: Workshop) -> None:
    world, maker = workshop.world, workshop.world.services.planning.search_maker
    final = await make_plan(workshop, "光的折射", "铅笔在水里像折断了。")
    await finalise(workshop, final)
    async with world.database.write() as tx:
        await tx.execute(delete(entries))  # as if it had never been there
    assert await found(workshop, "lin", "铅笔") == []
    await maker.step()
    assert maker.is_whole
    async with world.database.read() as tx:
        assert await version(tx) == VERSION
        assert (await tx.execute(select(entries.c.object_id))).scalars().all() == [final]
    assert await found(workshop, "yang", "铅笔") == [("plan", "光的折射")]
    assert await found(workshop, "lin", "铅笔") == [("plan", "光的折射")]
