"""Subtitles of recordings, which people write and correct. They lie beside the media and are never made over.

What is stored is written anew from what was understood, so that no markup of elsewhere reaches a player.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import msgspec
from msgspec.structs import replace

from recorder.folder import FolderBusy, lock_folder
from recorder.resource import CAPTIONS, LANGUAGE, RESOURCE, Caption, decode_resource
from recorder.space import DISK_FULL
from recorder.words import MAX_CAPTION_BYTES, captions_of, read_captions, write_captions
from server.whole_file import write_whole
from signaling.errors import Refused, Unavailable

MAX_LANGUAGES = 12


class KeptCaption(msgspec.Struct, frozen=True):
    """Subtitles of one language, and which version of them this is."""

    language: str
    label: str
    path: str  # among the recording's files
    version: str
    bytes: int


def list_captions(folder: Path) -> tuple[KeptCaption, ...]:
    """Return the subtitles of a recording. Blocks for the disk."""
    return tuple(_kept(folder, caption) for caption in captions_of(folder))


def keep_captions(folder: Path, language: str, version: str, data: bytes | None) -> tuple[KeptCaption, ...]:
    """Store subtitles in place of that version (empty: there are none yet), or remove them. Blocks for the disk.

    Raises:
        Refused: `captions_invalid`; `captions_changed`: `version` is not the newest; `file_unknown`: the recording is
            not ready.
        Unavailable: `recording_busy`: it is being made again; `disk_full` or `storage_failed`.
    """
    if not LANGUAGE.fullmatch(language):
        raise Refused("captions_invalid", "语言要写成 zh-CN、en 这样的代码。")
    text = None if data is None else _checked(data)
    try:
        lock = lock_folder(folder)
    except FolderBusy as error:
        raise Unavailable("recording_busy", "这个录像正在重新生成，字幕没有保存。请几分钟后再保存一次。") from error
    except OSError as error:
        raise Refused("file_unknown", "这个录像还没有生成，不能加字幕。") from error
    try:
        _replace(folder, language, version, text)
    except OSError as error:
        if error.errno in DISK_FULL:
            raise Unavailable("disk_full", "服务器磁盘已满，字幕没有保存。请管理员清理磁盘后再试。") from error
        raise Unavailable("storage_failed", "字幕没有保存成功。请管理员检查数据目录。") from error
    finally:
        os.close(lock)
    return list_captions(folder)


def _checked(data: bytes) -> bytes:
    if len(data) > MAX_CAPTION_BYTES:
        raise Refused("captions_invalid", "字幕文件太大，最多 1 MB。")
    try:
        return write_captions(read_captions(data.decode("utf-8-sig"))).encode()
    except UnicodeDecodeError as error:
        raise Refused("captions_invalid", "字幕文件要用 UTF-8 编码保存。") from error
    except ValueError as error:
        raise Refused("captions_invalid", str(error)) from error


def _replace(folder: Path, language: str, version: str, text: bytes | None) -> None:
    """Change the file and what `resource.json` says of it. The caller holds the folder's lock."""
    try:
        resource = decode_resource((folder / RESOURCE).read_bytes())
    except (FileNotFoundError, msgspec.DecodeError) as error:
        raise Refused("file_unknown", "这个录像还没有生成，不能加字幕。") from error
    there = {one.language: one for one in list_captions(folder)}
    newest = there[language].version if language in there else ""
    if version != newest:
        raise Refused("captions_changed", "字幕已经被别人改过。请刷新页面，在新的字幕上再改一次。")
    if text is not None and language not in there and len(there) >= MAX_LANGUAGES:
        raise Refused("captions_invalid", f"一个录像最多有 {MAX_LANGUAGES} 种语言的字幕。")
    path = folder / CAPTIONS / f"{language}.vtt"
    path.parent.mkdir(exist_ok=True)
    if text is None:
        path.unlink(missing_ok=True)
    else:
        write_whole(path, text)
    write_whole(folder / RESOURCE, msgspec.json.encode(replace(resource, captions=captions_of(folder))))


def _kept(folder: Path, caption: Caption) -> KeptCaption:
    data = (folder / caption.path).read_bytes()
    return KeptCaption(caption.language, caption.label, caption.path, hashlib.sha256(data).hexdigest()[:16], len(data))
