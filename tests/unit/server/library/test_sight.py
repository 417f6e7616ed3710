from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from recorder.control import Chapter, Rendition
from recorder.resource import Caption, Events as EventFile, PageFile, PublicEvent, Resource, Sprite
from server.library.access import Act, Holding
from server.library.model import Made, Recording
from server.library.resources.model import Consents
from server.library.sight import Sight, file_of, leaves_for, link_sight, observed, sight_of
from signaling.errors import Refused
from signaling.messages import RoomId

FILM = Rendition("lecturer", "lecturer.webm", "video/webm", 4, 1000)
LIGHT = Rendition("light", "light.webm", "audio/webm", 4, 1000)
GUEST = Rendition("guest", "guest.webm", "video/webm", 4, 1000, minors=True)
CHAPTERS = (Chapter(0, "封面"), Chapter(500, "李小雨发言", "hand"))
MADE = Made("poster.jpg", (FILM, LIGHT, GUEST), CHAPTERS)
RECORDING = Recording("abcdefghjkmn", RoomId("room"), "光的折射", "ready", "", 100, 0, 1000, MADE)
HOLDING = Holding("school")
PAGE = f"pages/{'0' * 64}.webp"
EVENTS = (
    b'{"kind":"hand_changed","peer":"p","hand":true,"hand_for":"\xe6\x9d\x8e\xe5\xb0\x8f\xe9\x9b\xa8"}',
    '{"kind":"pupil_called","called":{"classroom":"c","pupil":"x","name":"李小雨"}}'.encode(),
    '{"kind":"chat_added","line":{"name":"杨老师","text":"听到了"}}'.encode(),
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    resource = Resource(
        recording=RECORDING.id,
        title="光的折射",
        recorded_wall_ms=0,
        duration_ms=1000,
        poster="poster.jpg",
        renditions=MADE.renditions,
        chapters=CHAPTERS,
        page_files=(PageFile(1, "封面", "光的折射", PAGE, 3, "0" * 64, 1280),),
        events="events.json",
        sprite=Sprite("sprite.webp", 1, 1, 160, 90, 1000),
        peaks="peaks.bin",
        captions=(Caption("zh-CN", "中文", "captions/zh-CN.vtt"),),
    )
    (tmp_path / "resource.json").write_bytes(msgspec.json.encode(resource))
    log = tuple(PublicEvent(number, number, msgspec.Raw(body)) for number, body in enumerate(EVENTS))
    events = EventFile(msgspec.Raw(b"null"), log)
    (tmp_path / "events.json").write_bytes(msgspec.json.encode(events))
    for name in ("pages", "captions", "tracks/a"):
        (tmp_path / name).mkdir(parents=True)
    others = ("poster.jpg", PAGE, "sprite.webp", "peaks.bin", "captions/zh-CN.vtt", "chapters.vtt", "journal.jsonl")
    for name in (*others, "tracks/a/0001.webm", *(one.path for one in MADE.renditions)):
        (tmp_path / name).write_bytes(b"data")
    return tmp_path


def whole() -> Sight:
    return sight_of(RECORDING, HOLDING, frozenset(Act), lambda _: False)


def stranger(*names: str) -> Sight:
    return sight_of(RECORDING, HOLDING, frozenset({Act.SEE, Act.PLAY}), lambda one: one.name in names)


def offered(folder: Path, sight: Sight) -> set[str]:
    found = set()
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        try:
            file_of(folder, sight, name)
        except Refused as error:
            assert error.code == "file_unknown"
        else:
            found.add(name)
    return found


ALWAYS = {"resource.json", "events.json", "chapters.vtt", PAGE}


def test_who_was_in_the_lesson_has_every_file_of_the_resource_and_no_other(folder: Path) -> None:
    shown = {"poster.jpg", "sprite.webp", "peaks.bin", "captions/zh-CN.vtt", *(one.path for one in MADE.renditions)}
    assert offered(folder, whole()) == ALWAYS | shown
    assert file_of(folder, whole(), "resource.json").path == folder / "resource.json"


def test_a_stranger_has_what_may_leave_and_what_belongs_to_it(folder: Path) -> None:
    assert offered(folder, stranger("light")) == ALWAYS | {"light.webm", "peaks.bin", "captions/zh-CN.vtt"}
    assert offered(folder, stranger()) == ALWAYS


def test_a_stranger_reads_of_what_there_is_for_them_only(folder: Path) -> None:
    sight = stranger("light")
    left = msgspec.json.decode(file_of(folder, sight, "resource.json").content, type=Resource)
    assert [one.name for one in left.renditions] == ["light"]
    assert [one.title for one in left.chapters] == ["封面", "学生发言"]
    assert sight.recording.made.chapters[1].title == "学生发言"
    assert "guest" not in str(sight.recording.made)


def test_the_log_names_no_pupil_to_a_stranger(folder: Path) -> None:
    told = file_of(folder, stranger("lecturer"), "events.json").content.decode()
    assert "李小雨" not in told
    assert "杨老师" in told
    assert msgspec.json.decode(told, type=EventFile).events[2].seq == 2
    assert "李小雨" in (folder / "events.json").read_text()
    assert file_of(folder, stranger("guest"), "events.json").content.decode().count("李小雨") == 2


def test_an_older_recording_without_a_description_offers_what_was_noted_of_it(tmp_path: Path) -> None:
    for name in ("lecturer.webm", "guest.webm", "poster.jpg", "journal.jsonl"):
        (tmp_path / name).write_bytes(b"data")
    assert offered(tmp_path, whole()) == {"lecturer.webm", "guest.webm", "poster.jpg"}
    assert offered(tmp_path, stranger("lecturer")) == {"lecturer.webm", "poster.jpg"}


@pytest.mark.parametrize(
    "name", ["../secret.key", "/etc/passwd", "pages/../journal.jsonl", "", ".", "tracks/a/0001.webm"]
)
def test_no_path_leads_out(folder: Path, name: str) -> None:
    (folder.parent / "secret.key").write_bytes(b"secret")
    for sight in (whole(), stranger("light")):
        with pytest.raises(Refused, match="没有这个文件"):
            file_of(folder, sight, name)


def test_a_link_gives_what_was_chosen_and_may_leave() -> None:
    free = Holding("school", is_free=True)
    sight = link_sight(RECORDING, free, frozenset({"light", "guest"}), leaves_for("public", Consents()), takes=True)
    assert (set(sight.names), sight.is_whole, sight.may_take) == ({"light"}, False, True)
    assert not link_sight(RECORDING, HOLDING, frozenset({"light"}), observed, takes=True).may_take
    assert not link_sight(RECORDING, free, frozenset({"light"}), observed, takes=False).may_take


def test_within_the_lessons_schools_nobody_asks_for_consents() -> None:
    assert leaves_for("school", Consents())(GUEST)
    assert not leaves_for("region", Consents())(GUEST)
    assert not observed(GUEST)


def test_file_of_chapters_names_no_pupil_to_who_gets_a_part(folder: Path) -> None:
    part = link_sight(RECORDING, HOLDING, frozenset({"light"}), lambda one: True, takes=False)
    found = file_of(folder, part, "chapters.vtt")
    assert found.path is None
    assert "学生发言" in found.content.decode()
    assert "李小雨" not in found.content.decode()
