"""Plans and collections taken out as files, which other programs open."""

from __future__ import annotations

import io
import shutil
import subprocess
import zipfile
from pathlib import Path
from typing import Any

import pypdfium2
import pytest
from docx import Document

from server.planning.document import Node, Text, paragraph, plan_field
from server.planning.export.paper import Paper, line
from server.planning.export.pdf import write_pdf
from server.planning.export.plan_paper import plan_paper
from server.planning.export.word import write_word
from tests.integration.server.planning.conftest import Workshop, taken_out
from tests.unit.server.lessons.test_pictures import png

TREE = Node(
    "doc",
    {},
    (
        plan_field("topic", paragraph("光的折射\x01，第一课时")),
        plan_field(
            "goals", Node("paragraph", {}, (Text("说出"), Node("inlineMath", {"latex": r"\frac{\sin i}{\sin r}"})))
        ),
        plan_field(
            "process", Node("planStep", {"title": "导入", "minutes": 5, "leader": "local"}, (paragraph("看筷子"),))
        ),
    ),
)
PAPER: Paper = plan_paper(TREE, "光的折射", ("科学 · 五年级",), lambda src: None, "同堂")


def text_of_pdf(data: bytes) -> str:
    with pypdfium2.PdfDocument(data) as document:
        return "".join(page.get_textpage().get_text_range() for page in document)


async def new_plan(workshop: Workshop) -> str:
    body = {"group_id": workshop.group, "title": "光的折射", "subject": "科学", "grade": "五年级"}
    return str((await workshop.send("lin", "POST", "/api/plans", body, 201))["id"])


async def fetch(workshop: Workshop, by: str, path: str) -> Any:
    return await (await workshop.world.client(by)).get(path)


@pytest.mark.parametrize(("form", "begin"), [("docx", b"PK"), ("pdf", b"%PDF-"), ("md", b"# "), ("html", b"<!doctype")])
async def test_a_plan_is_taken_out_in_every_form(workshop: Workshop, form: str, begin: bytes) -> None:
    plan = await new_plan(workshop)
    answer = await fetch(workshop, "lin", f"/api/plans/{plan}/export.{form}")
    assert answer.status_code == 200, answer.text
    assert answer.content.startswith(begin)
    assert "filename*=UTF-8''%E5%85%89" in answer.headers["content-disposition"]
    if form == "pdf":
        assert "教学目标" in text_of_pdf(answer.content)
    assert (await workshop.kinds())[0] == "plan.exported"


async def test_a_plan_takes_its_own_pictures_along_and_no_others(workshop: Workshop) -> None:
    plan = await new_plan(workshop)
    client = await workshop.world.client("lin")
    added = await client.post(f"/api/plans/{plan}/pictures", content=png(64, 48), headers={"content-type": "image/png"})
    assert added.status_code < 300, added.text
    own, foreign = added.json()["url"], f"/api/plans/{plan}/pictures/{'0' * 64}"
    async with workshop.world.database.read() as tx:
        gathered = await workshop.world.services.planning.exports._shown(
            tx,
            plan,
            Node("doc", {}, tuple(Node("image", {"src": src}) for src in (own, foreign, "file:///etc/passwd"))),
        )
    assert list(gathered) == [own]


async def test_a_draft_is_not_taken_out_by_strangers(workshop: Workshop) -> None:
    plan = await new_plan(workshop)
    assert (await fetch(workshop, "he", f"/api/plans/{plan}/export.md")).json()["code"] == "plan_unknown"
    assert (await fetch(workshop, "lin", f"/api/plans/{plan}/export.exe")).json()["code"] == "form_unknown"
    assert (await fetch(workshop, "lin", f"/api/plans/{plan}/export.md?version=7")).json()["code"] == "version_unknown"
    assert (await fetch(workshop, "lin", f"/api/groups/{workshop.group}/cases.pdf")).json()["code"] == "cases_none"
    assert (await fetch(workshop, "he", f"/api/groups/{workshop.group}/cases.pdf")).json()["code"] == "not_allowed"


def test_every_pdf_has_the_letters_of_its_own_words() -> None:
    for title, word in (("甲乙丙", "子丑寅"), ("评课记录", "量表观察")):
        text = text_of_pdf(write_pdf(Paper(title, blocks=(line(word),))))
        assert title in text
        assert word in text


async def test_a_final_plan_says_its_version(workshop: Workshop) -> None:
    plan = await new_plan(workshop)
    body = {"name": "第一次定稿", "is_final": True}
    await workshop.send("lin", "POST", f"/api/plans/{plan}/versions", body, 201)
    text = (await fetch(workshop, "lin", f"/api/plans/{plan}/export.md")).text
    assert "第 1 版" in text
    cases = (await fetch(workshop, "lin", f"/api/groups/{workshop.group}/cases.html")).text
    assert "云岭小学科学教研组案例集" in cases
    assert "案例1　光的折射" in cases
    for form, words in (await taken_out(workshop.world, "lin", f"/api/groups/{workshop.group}/cases")).items():
        assert "云岭小学科学教研组案例集" in words and "案例1光的折射" in words, form


def test_word_files_name_chinese_fonts_and_have_formulas_that_can_be_edited() -> None:
    data = write_word(PAPER)
    word = Document(io.BytesIO(data))
    assert [one.text for one in word.paragraphs if one.style is not None and one.style.name == "Heading 1"] == [
        "课题", "教学目标", "教学过程",
    ]  # fmt: skip
    with zipfile.ZipFile(io.BytesIO(data)) as parts:
        styles, body = parts.read("word/styles.xml").decode(), parts.read("word/document.xml").decode()
    assert 'w:eastAsia="宋体"' in styles
    assert "<m:f>" in body


@pytest.mark.skipif(shutil.which("soffice") is None, reason="LibreOffice is not installed")
def test_libreoffice_opens_the_word_file_with_every_word(tmp_path: Path) -> None:
    (tmp_path / "plan.docx").write_bytes(write_word(PAPER))
    command = ["soffice", "--headless", f"-env:UserInstallation=file://{tmp_path}/profile", "--convert-to", "pdf"]
    subprocess.run(
        [*command, "--outdir", tmp_path, tmp_path / "plan.docx"], check=True, capture_output=True, timeout=120
    )
    text = text_of_pdf((tmp_path / "plan.pdf").read_bytes())
    for word in ("光的折射，第一课时", "教学目标", "导入", "本地教师", "看筷子"):
        assert word in text.replace("\r\n", "").replace(" ", "") or word in text
