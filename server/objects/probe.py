"""Tries a store: an object is stored, read and forgotten again."""

from __future__ import annotations

import asyncio
import secrets
import tempfile
import time
from pathlib import Path

from server.objects.store import ObjectStore, unavailable

_PROBE = b"tongtang doctor\n"


async def try_store(store: ObjectStore) -> float:
    """Return how many seconds storing, reading and forgetting took.

    Raises:
        Unavailable: `objects_unavailable`.
    """
    key = f"doctor/{secrets.token_hex(8)}"
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="tongtang-") as folder:
        path = Path(folder) / "probe"
        await asyncio.to_thread(path.write_bytes, _PROBE)
        await store.put_if_absent(key, path)
    try:
        read = b"".join([piece async for piece in store.open_range(key)])
    except KeyError as error:
        raise unavailable("刚存进去的内容读不回来") from error
    await store.delete(key)
    if read != _PROBE:
        raise unavailable("读回来的内容和存进去的不一样")
    return time.monotonic() - began
