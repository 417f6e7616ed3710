"""Signed addresses: who opened a link, and files that a plain web server may hand out. Pure.

Two signatures, both bound to what they are for and to a time:

- a *pass* says that a link was opened: it stands in the path of everything that the link gives, so that it works in a
  frame on another site too, where browsers send no cookies. Each request still asks the database, so that a revoked
  link ends at once. HMAC-SHA256, 128 bits of it (RFC 2104 §5: half of the hash's length at least).
- a *stamp* says that a file, or a folder of page pictures, may be fetched for some minutes without asking anybody. It
  is the scheme of nginx's secure_link module (MD5 of "expiry/path secret", base64url without padding), which a server
  without our code can check; the secret comes last, so that a known hash cannot be continued. Longer lives and a better
  hash are for our own code: a stamp lives ten minutes, in which MD5's second preimage is out of reach.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

STAMP_S = 600  # what a signed address is good for: a withdrawn resource is gone everywhere after it
PASS_S = 4 * 3600  # a lesson, its pauses and its questions; then the page asks again, which counts
_PASS = re.compile(r"([0-9]{10})-([A-Za-z0-9_-]{22})")
_STAMP = re.compile(r"([0-9]{10})/([A-Za-z0-9_-]{22})/(.+)")


def derive(secret: bytes, purpose: str) -> bytes:
    """Return a key of its own for `purpose`."""
    return hmac.digest(secret, f"tongtang {purpose}".encode(), "sha256")


def make_pass(key: bytes, share_id: str, now_s: int) -> str:
    """Return the pass of somebody who opened the link at `now_s` (UTC epoch)."""
    until = now_s + PASS_S
    return f"{until:010d}-{_mac(key, share_id, until)}"


def is_pass(key: bytes, share_id: str, text: str, now_s: int) -> bool:
    """Return whether `text` is a pass for this link that is good at `now_s`."""
    found = _PASS.fullmatch(text)
    if found is None or not now_s < int(found[1]) <= now_s + PASS_S:
        return False
    return hmac.compare_digest(_mac(key, share_id, int(found[1])), found[2])


def _mac(key: bytes, share_id: str, until: int) -> str:
    return _base64(hmac.digest(key, f"{share_id} {until}".encode(), "sha256")[:16])


def stamped(secret: str, path: str, now_s: int) -> str:
    """Return `<expiry>/<signature>/<path>`: the address of a recording's file below the signed folder.

    The signature is bound to the file, or to the folder of page pictures, which are many and shown together. It changes
    once in half its life, so that who seeks within a film asks the same address, and what is between may keep it.
    """
    half = STAMP_S // 2
    until = (now_s // half + 2) * half
    return f"{until:010d}/{_stamp(secret, _bound(path), until)}/{path}"


def path_of(secret: str, text: str, now_s: int) -> str | None:
    """Return the path of a signed address at `now_s`; None when it is not ours or over."""
    found = _STAMP.fullmatch(text)
    if found is None or not now_s <= int(found[1]) <= now_s + STAMP_S:
        return None
    is_ours = hmac.compare_digest(_stamp(secret, _bound(found[3]), int(found[1])), found[2])
    return found[3] if is_ours else None


def _bound(path: str) -> str:
    folder, _, name = path.rpartition("/pages/")
    return f"{folder}/pages/" if folder and "/" not in name else path


def _stamp(secret: str, bound: str, until: int) -> str:
    return _base64(hashlib.md5(f"{until}/{bound} {secret}".encode()).digest())


def _base64(data: bytes) -> str:
    return urlsafe_b64encode(data).rstrip(b"=").decode()
