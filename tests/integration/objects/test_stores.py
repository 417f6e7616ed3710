"""One contract for both stores: a folder, and S3 as a real server speaks it."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import parse_qsl, quote, urlsplit

import pytest

from server.objects.local import MARK, LocalObjects
from server.objects.s3 import WHOLE_BYTES, S3Objects, open_s3
from server.objects.store import ObjectStore
from signaling.errors import Unavailable
from tests.integration.objects.s3_server import BUCKET, Endpoint, s3_server
from tests.ports import free_port

KEY = "cas/ab/" + "ab" * 32


@pytest.fixture(scope="module")
def endpoint() -> Iterator[Endpoint]:
    with s3_server() as running:
        yield running


def s3_of(endpoint: Endpoint, prefix: str = "school", **changes: str) -> S3Objects:
    one = endpoint._replace(**changes)
    return open_s3(BUCKET, prefix, one.url, "us-east-1", one.key, one.secret)


@pytest.fixture(params=["folder", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> ObjectStore:
    if request.param == "s3":
        return s3_of(request.getfixturevalue("endpoint"), tmp_path.name)
    folder = tmp_path / "objects"
    folder.mkdir()
    (folder / MARK).touch()
    return LocalObjects(folder)


async def read(store: ObjectStore, key: str, start: int = 0, length: int | None = None) -> bytes:
    return b"".join([piece async for piece in store.open_range(key, start, length)])


async def keys(store: ObjectStore, prefix: str = "") -> list[str]:
    return [one.key async for one in store.list(prefix)]


async def test_what_is_put_is_read_listed_and_forgotten(store: ObjectStore, tmp_path: Path) -> None:
    file = tmp_path / "光的折射.webm"
    file.write_bytes(bytes(range(256)) * 8)
    assert await store.head(KEY) is None
    assert await store.put_if_absent(KEY, file) is True
    file.write_bytes(b"another")
    assert await store.put_if_absent(KEY, file) is False, "an object never changes"
    found = await store.head(KEY)
    assert found is not None and (found.key, found.bytes) == (KEY, 2048)
    assert await read(store, KEY) == bytes(range(256)) * 8
    assert await read(store, KEY, 250, 10) == bytes([*range(250, 256), 0, 1, 2, 3])
    assert await read(store, KEY, 2000) == (bytes(range(256)) * 8)[2000:]
    for other in ("parts/r1/a-b/0001.webm", "parts/r1/a-b/0002.webm", "parts/r10/a/0001.webm"):
        await store.put_if_absent(other, file)
    assert await keys(store, "parts/r1/") == ["parts/r1/a-b/0001.webm", "parts/r1/a-b/0002.webm"]
    assert len(await keys(store)) == 4
    await store.delete(KEY)
    await store.delete(KEY)
    assert await store.head(KEY) is None
    with pytest.raises(KeyError):
        await read(store, KEY)


async def test_two_who_put_the_same_leave_one_whole_object(store: ObjectStore, tmp_path: Path) -> None:
    files = [tmp_path / name for name in "ab"]
    for number, file in enumerate(files):
        file.write_bytes(bytes([number]) * 100_000)
    done = await asyncio.gather(*(store.put_if_absent(KEY, file) for file in files))
    assert sorted(done) == [False, True]
    winner = done.index(True)
    assert await read(store, KEY) == bytes([winner]) * 100_000


async def test_a_large_file_goes_up_in_pieces(store: ObjectStore, tmp_path: Path) -> None:
    file = tmp_path / "large"
    file.write_bytes(b"0123456789abcdef" * (WHOLE_BYTES // 16) + b"end")
    assert await store.put_if_absent(KEY, file)
    assert not await store.put_if_absent(KEY, file)
    assert hashlib.sha256(await read(store, KEY)).digest() == hashlib.sha256(file.read_bytes()).digest()


@pytest.mark.parametrize("key", ["", "/etc/passwd", "../x", "a/../b", "a//b", "a/.b", "课", "a b", "x" * 301])
async def test_what_is_no_key_reaches_no_store(store: ObjectStore, key: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="no key"):
        await store.put_if_absent(key, tmp_path)


async def test_a_signed_address_is_what_amazon_computes(endpoint: Endpoint) -> None:
    """AWS Signature Version 4, "Authenticating requests: using query parameters", step by step."""
    address = await s3_of(endpoint).sign_get(KEY, 60)
    assert address is not None
    parts = urlsplit(address)
    query = dict(parse_qsl(parts.query))
    signature, date = query.pop("X-Amz-Signature"), query["X-Amz-Date"]
    scope = f"{date[:8]}/us-east-1/s3/aws4_request"
    assert (query["X-Amz-Expires"], query["X-Amz-Credential"]) == ("60", f"{endpoint.key}/{scope}")
    told = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in sorted(query.items()))
    canonical = f"GET\n{parts.path}\n{told}\nhost:{parts.netloc}\n\nhost\nUNSIGNED-PAYLOAD"
    text = f"AWS4-HMAC-SHA256\n{date}\n{scope}\n{hashlib.sha256(canonical.encode()).hexdigest()}"
    key = f"AWS4{endpoint.secret}".encode()
    for step in scope.split("/"):
        key = hmac.digest(key, step.encode(), "sha256")
    assert signature == hmac.digest(key, text.encode(), "sha256").hex()
    assert parts.path == f"/{BUCKET}/school/{KEY}"


async def test_a_wrong_key_and_a_missing_bucket_are_told(endpoint: Endpoint, tmp_path: Path) -> None:
    file = tmp_path / "film"
    file.write_bytes(b"film")
    for wrong in (s3_of(endpoint, secret="wrong" * 8), s3_of(endpoint, key="AKIAWRONG")):
        with pytest.raises(Unavailable, match="密钥") as raised:
            await wrong.put_if_absent(KEY, file)
        assert raised.value.code == "objects_unavailable"
    other = open_s3("elsewhere", "", endpoint.url, "us-east-1", endpoint.key, endpoint.secret)
    with pytest.raises(Unavailable):
        await other.put_if_absent(KEY, file)


async def test_a_store_that_is_not_there_is_told_soon(tmp_path: Path) -> None:
    file = tmp_path / "film"
    file.write_bytes(b"film")
    gone = Endpoint(f"http://127.0.0.1:{free_port()}", "key", "secret")
    for store in (s3_of(gone), LocalObjects(tmp_path / "not-mounted")):
        async with asyncio.timeout(25):
            with pytest.raises(Unavailable) as raised:
                await store.put_if_absent(KEY, file)
        assert raised.value.code == "objects_unavailable"
