"""Handing out the files of recordings: by ourselves in ranges, or by a plain web server under a signed address.

Every address that people and pages know is checked by us for each request. With `files.url` set, films, sound and
pictures are then answered with a redirect to an address that is signed for some minutes, so that nginx or a CDN moves
the bytes. We serve such addresses too.
"""

from __future__ import annotations

import asyncio
import re
import secrets
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Protocol

from starlette.requests import Request
from starlette.responses import FileResponse, RedirectResponse, Response

from server.accounts.service import utc_now
from server.library.naming import attachment
from server.library.sharing.signing import path_of, stamped
from server.library.sight import Bytes, Sight
from server.library.squeezing import squeezed
from signaling.errors import Refused

# What may go by a signed address: the same two patterns stand in deploy/nginx.conf. Descriptions and the lesson's log
# are cut for each asker, so they always come from us.
_SIGNABLE = re.compile(r"[a-z0-9]{12}/(?:[a-z0-9-]+\.(?:webm|mp4|jpg|webp)|pages/[0-9a-f]{64}\.webp)")
_MIMES = {"webm": "video/webm", "mp4": "video/mp4", "jpg": "image/jpeg", "webp": "image/webp"}
# Drawings are SVG, which could carry scripts: none runs, whatever address it is opened at.
FILE_POLICY = "default-src 'none'; img-src data:; style-src 'unsafe-inline'; sandbox"


class Files(Protocol):
    """Where the bytes are."""

    def file(self, sight: Sight, name: str) -> Bytes:
        """Return a file for whoever has this sight."""

    def folder(self, recording_id: str) -> Path:
        """Return where the recording's files lie."""


class Delivery:
    """Answers requests for files."""

    def __init__(self, secret: str = "", address: str = "", clock: Callable[[], datetime] = utc_now) -> None:
        """Make one.

        Args:
            secret: that signs addresses; empty: none is signed, and none is good.
            address: where signed addresses begin, "/" for our own; empty: everything comes from us.
            clock: the time that signatures are good at.
        """
        self._secret = secret or secrets.token_hex()
        self._is_signing = bool(secret and address)
        self._address = address.rstrip("/")
        self._clock = clock

    async def deliver(self, request: Request, files: Files, sight: Sight, name: str, save_as: str = "") -> Response:
        """Answer with a file of the recording; `?download` saves it as `save_as`.

        Raises:
            Refused: `file_unknown`, or `download_refused` when it may be played but not taken away.
        """
        found = await asyncio.to_thread(files.file, sight, name)
        headers = {"cache-control": "private, no-cache", "content-security-policy": FILE_POLICY}
        is_download = "download" in request.query_params
        if is_download:
            if not sight.may_take:
                raise Refused("download_refused", "作者没有开放下载。您可以在线观看，或请作者给您下载的许可。")
            headers["content-disposition"] = attachment(save_as)
        small = await squeezed(request, found.path or found.content, found.mime, headers)
        if small is not None:
            return small
        if found.path is None:
            return Response(found.content, headers=headers, media_type=found.mime)
        path = f"{sight.recording.id}/{name}"
        if self._is_signing and not is_download and _SIGNABLE.fullmatch(path):
            now_s = int(self._clock().timestamp())
            # 307: Range and HEAD stay what they are. Not kept by browsers: who asks again is checked again.
            signed = f"{self._address}/signed/{stamped(self._secret, path, now_s)}"
            return RedirectResponse(signed, 307, {"cache-control": "no-store"})
        # The file is replaced when it is made again: its entity tag says whether it was.
        return FileResponse(found.path, headers=headers, media_type=found.mime)

    async def serve_signed(self, text: str, files: Files) -> Response:
        """Answer a signed address, as the web server beside us would.

        Raises:
            Refused: `link_expired`: also when it was tampered with. `file_unknown`.
        """
        path = path_of(self._secret, text, int(self._clock().timestamp()))
        if path is None:
            raise Refused("link_expired", "这个地址已经过期，请回到播放页面继续。")
        if not _SIGNABLE.fullmatch(path):
            raise Refused("file_unknown", "没有这个文件。")
        recording, _, name = path.partition("/")
        file = files.folder(recording) / name
        if not await asyncio.to_thread(file.is_file):
            raise Refused("file_unknown", "没有这个文件，可能正在重新生成。请稍后刷新页面。")
        headers = {"cache-control": "private, max-age=300", "content-security-policy": FILE_POLICY}
        return FileResponse(file, headers=headers, media_type=_MIMES[name.rpartition(".")[2]])
