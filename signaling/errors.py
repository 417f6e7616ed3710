"""The errors of Tongtang: one tree, three kinds, a stable code each.

    TongtangError
    ├── ProtocolViolation   the other side broke the contract: answered, then closed
    ├── Refused             legal but not granted: answered, the session stays
    └── Unavailable         ours: retryable

`code` is stable snake_case and stands in `docs/errors.md`; `detail` is for people, in Chinese, and holds no secret.
The same tree serves the WebSocket, HTTP (RFC 9457 problem details) and the pipe to the media worker.
A mistake of our own is a `ValueError` or `AssertionError` instead and ends the smallest scope.
"""

from __future__ import annotations


class TongtangError(Exception):
    """An error that the other side is told about."""

    def __init__(self, code: str, detail: str) -> None:
        super().__init__(code, detail)
        self.code = code
        self.detail = detail

    def __str__(self) -> str:
        return f"{self.code}: {self.detail}"


class ProtocolViolation(TongtangError):
    """The other side broke the contract: answer, then close."""


class Refused(TongtangError):
    """Legal but not granted: answer and stay. State is as before."""


class Unavailable(TongtangError):
    """Our own side cannot serve now: the same request may succeed later."""
