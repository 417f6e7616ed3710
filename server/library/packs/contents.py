"""What goes into an offline pack: the files of a recording's folder, its page and the player. Pure but for files.

Under `file://` a page may load scripts, pictures and media that lie beside it, but fetch nothing. So `pack.js`, a
plain script, holds all that the player would fetch: `resource.json`, the events, captions and the voice's outline.
"""

from __future__ import annotations

import base64
import html
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

import msgspec

from recorder.chapters import to_vtt
from recorder.pack.digests import Source
from recorder.pack.manifest import is_safe_path
from recorder.resource import CHAPTERS, RESOURCE, Resource, files_of

PAGE = Path(__file__).parent / "page"  # index.html, start.js and start.css of a pack
CRATE = "ro-crate-metadata.json"
PAGE_FILES = ("start.js", "start.css")
SPEAKER = "cmi5.js"  # of the page's files, only where a learning platform listens
PLAYER_FILES = ("player.js", "player.css")
MAX_INLINED = 16 << 20  # of events: an hour of ink is below 2 MB
FAT32_BYTES = (4 << 30) - 1  # the largest file that FAT32 holds
TIERS: dict[str, tuple[str, ...]] = {  # what a tier takes along, the first that there is
    "light": ("light", "audio"),
    "low": ("low",),
    "original": ("lecturer",),
    "screen": ("screen",),
    "guest": ("guest",),
}


# Who hears what was played: the school's library that serves the page, else this browser keeps it ("library"); this
# browser always ("browser"); a learning platform ("lms").
Told = Literal["library", "browser", "lms"]


def chosen(names: Sequence[str], tiers: Sequence[str]) -> tuple[str, ...]:
    """Return which of the renditions `names` belong to these tiers, in the tiers' order."""
    found: list[str] = []
    for tier in tiers:
        found += [name for name in TIERS[tier] if name in names][:1]
    return tuple(dict.fromkeys(found))


class Lesson(msgspec.Struct, frozen=True):
    """A recording that goes into a pack, cut to what may leave and was chosen."""

    pack: str  # its id
    version: int
    folder: Path
    resource: dict[str, Any]  # `resource.json`
    events: Any  # `events.json` decoded, or None
    crate: dict[str, Any]  # RO-Crate metadata


def pack_sources(lesson: Lesson, player: Path, told: Told = "library") -> list[Source]:
    """Return what the pack holds; `player` is the folder with `player.js` and `player.css`.

    Raises:
        FileNotFoundError: a rendition is missing.
        msgspec.ValidationError: its resource is none.
    """
    known = msgspec.convert(lesson.resource, Resource, strict=False)
    made = {
        RESOURCE: _json(lesson.resource),
        CRATE: _json(lesson.crate),
        "index.html": index_page(known.title, told),
        "pack.js": pack_script(lesson, told),
    }
    if known.chapters:  # the file in the folder names pupils
        made[CHAPTERS] = to_vtt(known.chapters, known.duration_ms).encode()
    if known.events and lesson.events is not None and is_safe_path(known.events):
        made[known.events] = _json(lesson.events)
    if missing := [one.path for one in known.renditions if not (lesson.folder / one.path).is_file()]:
        raise FileNotFoundError(missing[0])
    paths = [path for path in files_of(known) if path not in {*made, known.events} and is_safe_path(path)]
    return [
        *(Source(path, lesson.folder / path) for path in paths if (lesson.folder / path).is_file()),
        *(Source(path, data=data) for path, data in made.items()),
        *(Source(name, PAGE / name) for name in (*PAGE_FILES, *([SPEAKER] if told == "lms" else []))),
        *(Source(name, player / name) for name in PLAYER_FILES),
    ]


def index_page(title: str, told: Told = "library") -> bytes:
    """Return the page that opens the pack."""
    page = (PAGE / "index.html").read_text(encoding="utf-8").replace("{{title}}", html.escape(title))
    if told == "lms":
        start = '<script src="start.js"></script>'
        page = page.replace(start, f'<script src="{SPEAKER}"></script>\n    {start}')
    return page.encode()


def pack_script(lesson: Lesson, told: Told = "library") -> bytes:
    """Return `pack.js`."""
    content: dict[str, Any] = {
        "id": lesson.pack,
        "version": lesson.version,
        "resource": inlined(lesson.folder, lesson.resource),
        "events": lesson.events,
    }
    if told != "library":
        content["told"] = told
    return b"window.TONGTANG_PACK = " + script_json(content) + b";\n"


def read_events(folder: Path, path: str) -> Any:
    """Return the decoded events, or None when the recording has none that can be read."""
    if not path or not is_safe_path(path):
        return None
    try:
        if (folder / path).stat().st_size > MAX_INLINED:
            return None
        return msgspec.json.decode((folder / path).read_bytes())
    except (OSError, msgspec.DecodeError):
        return None


def inlined(folder: Path, resource: Mapping[str, Any]) -> dict[str, Any]:
    """Return `resource` with captions and the voice's outline as data instead of paths."""
    shown = dict(resource)
    if shown.get("peaks"):
        shown["peaks"] = data_address(folder, str(shown["peaks"]), "application/octet-stream")
    shown["captions"] = [
        {**one, "path": data_address(folder, str(one["path"]), "text/vtt")} for one in shown.get("captions", ())
    ]
    return shown


def data_address(folder: Path, path: str, mime: str) -> str:
    """Return the file as a `data:` address; empty when it is not there."""
    try:
        data = (folder / path).read_bytes() if is_safe_path(path) else b""
    except OSError:
        return ""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}" if data else ""


def script_json(content: Any) -> bytes:
    """Return JSON that may stand in a script, also in one inside a page: no `</script>`, no line separator."""
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    for sign in "<\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text.encode()


def _json(content: Mapping[str, Any]) -> bytes:
    return json.dumps(content, sort_keys=True, indent=1, ensure_ascii=False).encode()
