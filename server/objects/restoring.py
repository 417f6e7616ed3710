"""Brings a recording back from the store into an empty folder, to be finalised again or played."""

from __future__ import annotations

import asyncio
import os
from pathlib import Path, PurePosixPath

import msgspec

from recorder.folder import JOURNAL
from server.objects.copying import Manifest, file_key, part_key
from server.objects.store import Found, ObjectStore
from signaling.errors import Refused

_SNAPSHOT = "journal-"


async def restore(store: ObjectStore, recording: str, folder: Path) -> int:
    """Fetch everything that the store has of the recording into `folder`; return how many files that are.

    Finished files are those of the newest manifest, which has the whole journal; else its longest snapshot is taken.

    Raises:
        Refused: `recording_unknown`: the store has nothing of it. `folder_not_empty`.
        Unavailable: `objects_unavailable`.
    """
    await asyncio.to_thread(folder.mkdir, parents=True, exist_ok=True)
    if await asyncio.to_thread(lambda: any(folder.iterdir())):
        raise Refused("folder_not_empty", f"文件夹 {folder} 里已经有东西。请给一个空的文件夹。")
    prefix = part_key(recording, "")
    parts = [one async for one in store.list(prefix)]
    manifests = [one async for one in store.list(f"recordings/{recording}/")]
    if not parts and not manifests:
        raise Refused("recording_unknown", f"对象存储 {store.where} 里没有录像 {recording}。")
    wanted = {one.key.removeprefix(prefix): one for one in parts}
    snapshots = sorted(name for name in wanted if name.startswith(_SNAPSHOT))
    for name in snapshots[:-1]:
        del wanted[name]
    if snapshots:
        wanted[JOURNAL] = wanted.pop(snapshots[-1])
    if manifests:
        wanted |= await _finished(store, manifests[-1])
    for name, one in wanted.items():
        await _fetch(store, one, folder / _inside(name))
    return len(wanted)


async def _finished(store: ObjectStore, manifest: Found) -> dict[str, Found]:
    data = b"".join([piece async for piece in store.open_range(manifest.key)])
    files = msgspec.json.decode(data, type=Manifest).files
    return {path: Found(file_key(kept.sha256), kept.bytes) for path, kept in files.items()}


def _inside(name: str) -> str:
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        raise Refused("recording_unknown", f"对象存储里的文件名不对：{name}。")
    return name


async def _fetch(store: ObjectStore, one: Found, target: Path) -> None:
    await asyncio.to_thread(target.parent.mkdir, parents=True, exist_ok=True)
    half = target.with_name(f".{target.name}.half")
    with half.open("wb") as file:
        async for piece in store.open_range(one.key):
            await asyncio.to_thread(file.write, piece)
        await asyncio.to_thread(os.fsync, file.fileno())
    await asyncio.to_thread(half.replace, target)
