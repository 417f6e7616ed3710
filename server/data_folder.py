"""The data folder: made at start, locked to one server, with the secret that signs room tokens."""

from __future__ import annotations

import errno
import fcntl
import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from signaling.errors import Unavailable

SECRET_BYTES = 32  # HS256 wants a key as long as its hash (RFC 7518 §3.2)


@contextmanager
def data_folder(folder: Path) -> Iterator[Path]:
    """Make the folder when it is missing and hold it for this process alone.

    Raises:
        Unavailable: `storage_unwritable`, `storage_locked` or `disk_full`.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        lock = (folder / "server.lock").open("a")
    except OSError as error:
        raise refusal(error, folder) from error
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise Unavailable(
                "storage_locked", f"数据目录 {folder} 正被另一个同堂服务器使用。请先停掉它，或用 --data 换一个目录。"
            ) from error
        yield folder


def load_secret(folder: Path) -> bytes:
    """Return the secret in `folder`, made once.

    Raises:
        Unavailable: `storage_unwritable`, `disk_full` or `secret_broken`.
    """
    path = folder / "secret.key"
    data = keep_secret(path, secrets.token_bytes(SECRET_BYTES))
    if len(data) != SECRET_BYTES:
        raise Unavailable("secret_broken", f"密钥文件 {path} 已损坏。删除它再启动即可：只会让进课堂的凭证重新签发。")
    return data


def keep_secret(path: Path, made: bytes) -> bytes:
    """Return what lies in the file; `made` is stored there when there is none yet.

    Raises:
        Unavailable: `storage_unwritable` or `disk_full`.
    """
    try:
        if not path.exists():
            _write(path, made)
        return path.read_bytes()
    except OSError as error:
        raise refusal(error, path.parent) from error


def _write(path: Path, data: bytes) -> None:
    half = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())
    half.replace(path)


def refusal(error: OSError, folder: Path) -> Unavailable:
    """Return what an administrator is told when the data folder cannot be used."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return Unavailable("disk_full", f"磁盘已满，数据目录 {folder} 写不进去。请清理磁盘后再启动。")
    return Unavailable(
        "storage_unwritable", f"数据目录 {folder} 不可写：{error.strerror}。请检查权限，或用 --data 换一个目录。"
    )
