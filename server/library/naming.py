"""Names under which files are saved: readable in Chinese, and allowed on Windows and FAT32 sticks. Pure."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from urllib.parse import quote

LABELS = {
    "lecturer": "原始画质",
    "low": "流畅画质",
    "screen": "共享屏幕",
    "guest": "课堂发言",
    "audio": "只有声音",
    "light": "轻量版",
}
MAX_CHARACTERS = 80  # Windows allows 255 in a name and 260 in a whole path; what stands before it counts too
_FORBIDDEN = re.compile(
    r'[\x00-\x1f\x7f\\/:*?"<>|\u200b-\u200f\u202a-\u202e\u2066-\u2069]'
)  # also hidden text direction
_DEVICES = re.compile(r"(con|prn|aux|nul|com[0-9]|lpt[0-9])", re.IGNORECASE)  # Windows takes these for devices


def saved_as(subject: str, title: str, rendition: str, path: str) -> str:
    """Return the name to save a rendition under, such as `科学 光的折射（轻量版）.webm`."""
    told = " ".join(one for one in (subject if subject not in title else "", title) if one)
    told = " ".join(_FORBIDDEN.sub(" ", told).split())
    label = LABELS.get(rendition, rendition)
    told = told[: MAX_CHARACTERS - len(label) - 8].strip(" .") or "课堂录像"
    if _DEVICES.fullmatch(told):
        told = f"_{told}"
    return f"{told}（{label}）{PurePosixPath(path).suffix}"


def attachment(name: str) -> str:
    """Return the value of Content-Disposition that saves a file under `name` (RFC 6266 §4.3, RFC 8187 §3.2).

    Both forms: what does not know `filename*` takes the plain one, in which only ASCII is safe.
    """
    plain = _FORBIDDEN.sub("", name.encode("ascii", "ignore").decode()).strip(" .()")
    suffix = PurePosixPath(name).suffix
    if not plain or plain == suffix.lstrip("."):
        plain = f"lesson{suffix}"
    return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(name, safe='')}"
