"""Steps that make what is read: pages, the public log, chapters, subtitles, and `resource.json` itself."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path

import msgspec

from recorder.chapters import to_vtt
from recorder.container import probe
from recorder.control import Rendition
from recorder.pictures import PAGE_WIDTH, find_scenes
from recorder.public_log import public_log
from recorder.resource import (
    CAPTIONS,
    CHAPTERS,
    EVENTS,
    LANGUAGE,
    PAGES,
    RESOURCE,
    AnswerKey,
    Filled,
    MaterialPage,
    PageFile,
    PageTurn,
    Resource,
    Sprite,
    picture_suffix,
)
from recorder.splice.told import filled
from recorder.steps.media import LIGHT, PEAKS, POSTER, Made
from recorder.story import page_turns
from recorder.words import MAX_TEXT, captions_of, first_line, page_reader, transcriber, write_captions
from recorder.workshop import Workshop

RENDITIONS = ("lecturer", "low", "screen", "guest", "audio", "light")
_WEBP = "image/webp"
_log = logging.getLogger(__name__)


def make_pages(shop: Workshop) -> Made:
    """Copy the pages that were shown; without a deck, take pictures of the screen where it changed."""
    wanted = {page for _, page, _ in page_turns(shop.story)} | {1}  # a lesson begins there, without a turn to it
    files: list[PageFile] = []
    for page in shop.material.pages:
        if page.page in wanted:
            made = _copy_page(shop, page)
            files += [] if made is None else [made]
    scenes: list[tuple[int, int]] = []
    screen = shop.find("screen")
    if not shop.material.pages and screen is not None:
        for number, scene in enumerate(find_scenes(screen), 1):
            scenes.append((scene.start_ms, number))
            about = MaterialPage(number, "", "", "", _WEBP, PAGE_WIDTH)
            files.append(_page_file(shop, about, scene.webp))
    names = sorted({one.path for one in files})
    for old in (shop.folder / PAGES).glob("*"):
        if f"{PAGES}/{old.name}" not in names:
            old.unlink()
    return Made(names, {"files": files, "scenes": scenes})


def _copy_page(shop: Workshop, page: MaterialPage) -> PageFile | None:
    try:
        data = (shop.folder / page.file).read_bytes()
    except FileNotFoundError:
        _log.warning("%s: page %d is not there any more", shop.folder, page.page)
        return None
    return _page_file(shop, page, data)


def _page_file(shop: Workshop, page: MaterialPage, data: bytes) -> PageFile:
    sha256 = hashlib.sha256(data).hexdigest()
    path = f"{PAGES}/{sha256}.{picture_suffix(page.mime)}"
    target = shop.folder / path
    if not target.exists() or target.stat().st_size != len(data):
        shop.write(path, data)
    text = page.text
    if shop.settings.page_reader and not text.strip() and page.mime == _WEBP:
        try:
            text = page_reader(shop.settings.page_reader).read_page(target)[:MAX_TEXT]
        except Exception:  # a plug-in must not cost the lesson
            _log.exception("%s: page %d could not be read", shop.folder, page.page)
    title = page.title.strip() or first_line(text)
    return PageFile(page.page, title, text, path, len(data), sha256, page.width, page.mime)


def make_events(shop: Workshop) -> Made:
    """Write the public log."""
    story, material = shop.story, shop.material
    log = public_log(story.events, shop.lecturer.origin_ms, shop.room_ms, material.first)
    return Made([shop.write(EVENTS, msgspec.json.encode(log))])


def make_chapters(shop: Workshop) -> Made:
    """Write the chapters as a sidecar."""
    return Made([shop.write(CHAPTERS, to_vtt(shop.chapters, shop.lecturer.duration_ms).encode())])


def make_captions(shop: Workshop) -> Made:
    """Let the chosen plug-in write down what was said, unless somebody's words are there already.

    Nothing is noted as made: what people edit must never count as changed and be written over.
    """
    language = shop.material.language
    path = shop.folder / CAPTIONS / f"{language}.vtt"
    is_wanted = bool(shop.settings.transcriber) and not path.exists()
    if is_wanted and LANGUAGE.fullmatch(language) and (shop.folder / LIGHT).exists():
        try:
            segments = list(transcriber(shop.settings.transcriber).transcribe(shop.folder / LIGHT, language))
        except Exception:  # a plug-in must not cost the lesson
            _log.exception("%s: what was said could not be written down", shop.folder)
            return Made([])
        shop.write(f"{CAPTIONS}/{language}.vtt", write_captions(segments).encode())
    return Made([])


def make_resource(shop: Workshop) -> Made:
    """Write `resource.json`."""
    cut, material = shop.lecturer, shop.material
    gain_db = float(shop.facts("peaks").get("gain_db", 0.0))
    sprite = shop.facts("sprite").get("sprite")
    resource = Resource(
        recording=shop.story.recording,
        title=shop.name,
        recorded_wall_ms=shop.story.wall_ms + round(cut.origin_ms),
        duration_ms=cut.duration_ms,
        poster=_there(shop, POSTER),
        renditions=tuple(_rendition(shop, stem, path) for stem in RENDITIONS if (path := shop.find(stem)) is not None),
        chapters=shop.chapters,
        pages=tuple(PageTurn(start, page) for start, page, _ in shop.turns),
        lesson=material.lesson,
        subject=material.subject,
        lecturer=material.lecturer,
        school=material.school,
        language=material.language,
        gain_db=gain_db,
        page_files=shop.page_files,
        events=_there(shop, EVENTS),
        answers=tuple(_answers(shop)),
        sprite=None if sprite is None else msgspec.convert(sprite, Sprite),
        peaks=_there(shop, PEAKS),
        captions=captions_of(shop.folder),
        filled=(*filled(cut, "lecturer"), *msgspec.convert(shop.facts("guest").get("filled", ()), tuple[Filled, ...])),
    )
    return Made([shop.write(RESOURCE, msgspec.json.encode(resource))])


def _there(shop: Workshop, name: str) -> str:
    return name if (shop.folder / name).exists() else ""


def _rendition(shop: Workshop, stem: str, path: Path) -> Rendition:
    facts = probe(path)
    gain_db = shop.facts(stem if stem in ("guest", "light") else "peaks").get("gain_db", 0.0)
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    return Rendition(
        name=stem,
        path=path.name,
        mime=f"{'video' if facts.has_video else 'audio'}/{'mp4' if path.suffix == '.mp4' else 'webm'}",
        bytes=path.stat().st_size,
        duration_ms=facts.duration_ms,
        width=facts.width,
        height=facts.height,
        sha256=sha256,
        minors=stem == "guest",
        gain_db=float(gain_db) if facts.has_audio else 0.0,
    )


def _answers(shop: Workshop) -> Sequence[AnswerKey]:
    """Return the questions that were asked, with the answer that was said, or else the one that was prepared."""
    said = {
        str(body.get("question")): str(body.get("answer") or "")
        for _, body in shop.story.events
        if body.get("kind") == "answer_revealed"
    }
    found: dict[str, AnswerKey] = {}
    for t_ms, body in shop.story.events:
        asked = body.get("question")
        if body.get("kind") != "question_asked" or not isinstance(asked, dict):
            continue
        key = str(asked.get("id"))
        correct = said.get(key) or shop.material.answers.get(str(asked.get("prepared") or ""), "")
        found[key] = AnswerKey(
            key, str(asked.get("kind")), str(asked.get("title") or ""), tuple(asked.get("options") or ()),
            int(asked.get("page") or 0), correct, max(0, round(t_ms - shop.lecturer.origin_ms)),
        )  # fmt: skip
    return list(found.values())
