"""Objects in an S3-compatible store, through obstore (extra `s3`): Amazon, Aliyun OSS, MinIO, Ceph and the like."""

from __future__ import annotations

import contextlib
import os
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.objects.store import READ_BYTES, Found, checked, unavailable
from signaling.errors import Unavailable

if TYPE_CHECKING:
    from obstore.store import S3Store

WHOLE_BYTES = 8 << 20  # up to here in one request, which a condition can guard; above in pieces of as much
PIECES_AT_ONCE = 2  # class goes on over the same line
CONNECT_S, ANSWER_S, RETRY_S = 5, 60, 20.0


class S3Objects:
    """Objects in a bucket, below a prefix."""

    def __init__(self, store: S3Store, where: str) -> None:
        self._store = store
        self._where = where

    @property
    def where(self) -> str:
        """Return bucket, prefix and endpoint."""
        return self._where

    async def put_if_absent(self, key: str, path: Path) -> bool:
        """Store the file's content.

        A small one is guarded by the store itself (If-None-Match). A large one goes up in pieces, which no condition
        guards: when two come at once the later one wins, with the same content, since keys are never used again.
        """
        import obstore
        from obstore.exceptions import AlreadyExistsError

        key = checked(key)
        with path.open("rb") as file, _told():
            if os.fstat(file.fileno()).st_size > WHOLE_BYTES:
                if await self.head(key) is not None:
                    return False
                options: dict[str, Any] = {"chunk_size": WHOLE_BYTES, "max_concurrency": PIECES_AT_ONCE}
                await obstore.put_async(self._store, key, file, use_multipart=True, **options)
                return True
            try:
                await obstore.put_async(self._store, key, file, mode="create", use_multipart=False)
            except AlreadyExistsError:
                return False
        return True

    async def open_range(self, key: str, start: int = 0, length: int | None = None) -> AsyncIterator[bytes]:
        """Yield the object's bytes."""
        import obstore

        wanted: Any = {"offset": start} if length is None else (start, start + length)
        with _told(key):
            if length == 0:
                return
            got = await obstore.get_async(self._store, checked(key), options={"range": wanted})
            async for piece in got.stream(min_chunk_size=READ_BYTES):
                yield bytes(piece)

    async def head(self, key: str) -> Found | None:
        """Return the object without its content."""
        import obstore

        try:
            with _told(key):
                found = await obstore.head_async(self._store, checked(key))
        except KeyError:
            return None
        return Found(key, found["size"])

    async def list(self, prefix: str) -> AsyncIterator[Found]:
        """Yield the objects below `prefix`."""
        import obstore

        with _told():
            async for some in obstore.list(self._store, prefix or None):
                for one in some:
                    yield Found(one["path"], one["size"])

    async def delete(self, key: str) -> None:
        """Forget the object."""
        import obstore

        with _told(), contextlib.suppress(FileNotFoundError):
            await obstore.delete_async(self._store, checked(key))

    async def sign_get(self, key: str, seconds: int) -> str | None:
        """Return an address that is good for `seconds`; the store itself is not asked."""
        import obstore

        with _told():
            return await obstore.sign_async(self._store, "GET", checked(key), timedelta(seconds=seconds))


def open_s3(bucket: str, prefix: str, endpoint: str, region: str, key: str, secret: str) -> S3Objects:
    """Return the store of these settings; nothing is asked of it yet.

    Raises:
        Unavailable: `objects_missing` when obstore is not installed.
    """
    try:
        from obstore.store import S3Store
    except ModuleNotFoundError as error:
        raise Unavailable(
            "objects_missing",
            "使用 S3 对象存储需要先安装 obstore：pip install 'tongtang[s3]'（或 pip install obstore）。",
        ) from error
    options: dict[str, Any] = {"endpoint": endpoint} if endpoint else {}
    store = S3Store(
        bucket,
        prefix=prefix or None,
        region=region,
        access_key_id=key,
        secret_access_key=secret,
        # A bucket's name in the path works everywhere, a name of its own in the domain does not (MinIO, addresses).
        virtual_hosted_style_request=not endpoint,
        conditional_put="etag",
        client_options={
            "allow_http": endpoint.startswith("http://"),
            "connect_timeout": timedelta(seconds=CONNECT_S),
            "timeout": timedelta(seconds=ANSWER_S),
        },
        retry_config={"max_retries": 2, "retry_timeout": timedelta(seconds=RETRY_S)},
        **options,
    )
    return S3Objects(store, f"s3://{bucket}/{prefix}" + (f"（{endpoint}）" if endpoint else ""))


@contextlib.contextmanager
def _told(key: str = "") -> Iterator[None]:
    """Turn obstore's errors into ours; its texts have addresses, never secrets."""
    from obstore.exceptions import BaseError, NotFoundError, PermissionDeniedError, UnauthenticatedError

    try:
        yield
    except (NotFoundError, FileNotFoundError) as error:
        if key:
            raise KeyError(key) from error
        raise unavailable("没有这个存储桶") from error
    except (PermissionDeniedError, UnauthenticatedError, PermissionError) as error:
        raise unavailable("它不接受我们的密钥，请核对 objects.key 和 objects.secret") from error
    except (BaseError, OSError) as error:
        raise unavailable(_short(str(error))) from error


def _short(text: str) -> str:
    return " ".join(text.split())[:200]
