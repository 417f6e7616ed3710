"""The store that the settings name."""

from __future__ import annotations

from pathlib import Path

from server.objects.local import LocalObjects
from server.objects.s3 import open_s3
from server.objects.store import ObjectStore
from server.settings import Settings


def open_objects(settings: Settings) -> ObjectStore | None:
    """Return the store; None: recordings are in the data folder only.

    Raises:
        Unavailable: `objects_missing`.
    """
    kind, _, rest = settings.objects_url.partition("://")
    if not kind:
        return None
    if kind == "file":
        return LocalObjects(Path(rest))
    bucket, _, prefix = rest.partition("/")
    return open_s3(
        bucket,
        prefix.strip("/"),
        settings.objects_endpoint,
        settings.objects_region,
        settings.objects_key,
        settings.objects_secret,
    )
