"""Open Badges 3.0: achievements as signed credentials that anybody can verify without asking this server.

A credential is a VC-JWT (Open Badges 3.0 §8.2: the payload is the credential, with iss, sub, jti and nbf beside it),
signed with ES256. The issuer is named by its key itself (`did:key`), so that a verifier needs no network: what a
village teacher carries on a stick can be checked anywhere. Who it belongs to is a salted hash (IdentityObject), never a
name in the clear: the teacher tells the verifier who they are. Badges that were taken back are told by a Bitstring
Status List (W3C, v1.0), signed by the same key.
"""

from __future__ import annotations

import gzip
import hashlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
from joserfc import jwt
from joserfc.jwk import ECKey

from server.data_folder import keep_secret
from server.json_http import iso

ALG = "ES256"
_KEY_FILE = "badges.key"
_P256_MULTICODEC = b"\x80\x24"  # 0x1200 as a varint, before the compressed point (did:key, W3C CCG)
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_STATUS_BITS = 131_072  # the least length of a list: it tells nobody apart (Bitstring Status List §7.1)
_CONTEXTS = ["https://www.w3.org/ns/credentials/v2", "https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json"]


class Issuer:
    """The region as an issuer of badges: its key and its name."""

    def __init__(self, key: ECKey, name: str) -> None:
        self._key = key
        self._name = name
        self.did = did_key(key)

    @classmethod
    def load(cls, folder: Path, name: str) -> Issuer:
        """Return the issuer whose key lies in the data folder; the key is made once.

        Raises:
            Unavailable: the key cannot be read or written; `detail` says what to do.
        """
        made = ECKey.generate_key("P-256").as_pem(private=True)
        return cls(ECKey.import_key(keep_secret(folder / _KEY_FILE, made)), name)

    def credential(self, badge: Any, identity: str, base_url: str) -> str:
        """Return the badge as a signed credential.

        Args:
            badge: a row of `credit_badges`.
            identity: what the owner is known by; only its salted hash is in the credential.
            base_url: of this server, without a slash at the end.
        """
        about = f"{base_url}/api/credits/achievements/{badge.badge}"
        hashed = hashlib.sha256((identity + badge.salt).encode()).hexdigest()
        body = {
            "@context": _CONTEXTS,
            "id": f"urn:tongtang:badge:{badge.id}",
            "type": ["VerifiableCredential", "OpenBadgeCredential"],
            "name": badge.name,
            "issuer": {"id": self.did, "type": ["Profile"], "name": self._name, "url": base_url},
            "validFrom": iso(badge.issued_ms // 1000 * 1000).replace(".000", ""),
            "credentialSubject": {
                "type": ["AchievementSubject"],
                "identifier": [
                    {
                        "type": "IdentityObject",
                        "hashed": True,
                        "identityHash": f"sha256${hashed}",
                        "identityType": "systemId",
                        "salt": badge.salt,
                    }
                ],
                "achievement": {
                    "id": about,
                    "type": ["Achievement"],
                    "name": badge.name,
                    "description": badge.criteria,
                    "criteria": {"narrative": badge.criteria},
                },
            },
            "credentialStatus": {
                "id": f"{base_url}/api/credits/status#{badge.number}",
                "type": "BitstringStatusListEntry",
                "statusPurpose": "revocation",
                "statusListIndex": str(badge.number),
                "statusListCredential": f"{base_url}/api/credits/status",
            },
        }
        return self._signed(body, badge.issued_ms)

    def status_list(self, revoked: Iterable[int], base_url: str, now_ms: int) -> str:
        """Return which badges were taken back, as a signed credential."""
        body = {
            "@context": _CONTEXTS[:1],
            "id": f"{base_url}/api/credits/status",
            "type": ["VerifiableCredential", "BitstringStatusListCredential"],
            "issuer": self.did,
            "validFrom": iso(now_ms // 1000 * 1000).replace(".000", ""),
            "credentialSubject": {
                "id": f"{base_url}/api/credits/status#list",
                "type": "BitstringStatusList",
                "statusPurpose": "revocation",
                "encodedList": bitstring(revoked),
            },
        }
        return self._signed(body, now_ms)

    def _signed(self, body: dict[str, Any], from_ms: int) -> str:
        header = {"alg": ALG, "typ": "JWT", "jwk": self._key.as_dict(private=False)}
        claims = {**body, "iss": self.did, "jti": body["id"], "nbf": from_ms // 1000}
        return jwt.encode(header, claims, self._key)


def did_key(key: ECKey) -> str:
    """Return the key as an identifier of itself."""
    public = msgspec.convert(key.as_dict(private=False), dict[str, str], strict=False)
    x, y = (_decoded(public[name]) for name in ("x", "y"))
    point = bytes([2 + (y[-1] & 1)]) + x  # SEC 1 §2.3.3, compressed
    return f"did:key:z{base58(_P256_MULTICODEC + point)}"


def _decoded(text: str) -> bytes:
    return urlsafe_b64decode(text + "=" * (-len(text) % 4))


def base58(data: bytes) -> str:
    """Return bytes in Bitcoin's base 58, as multibase writes it after a `z`."""
    number, found = int.from_bytes(data, "big"), ""
    while number:
        number, digit = divmod(number, 58)
        found = _BASE58[digit] + found
    return "1" * (len(data) - len(data.lstrip(b"\0"))) + found


def bitstring(numbers: Iterable[int]) -> str:
    """Return the compressed bit string with these bits set, the first bit on the left (§7.1), in multibase."""
    taken = set(numbers)
    size = max(_STATUS_BITS, (max(taken, default=0) // 8 + 1) * 8)
    bits = bytearray(size // 8)
    for number in taken:
        bits[number // 8] |= 0x80 >> number % 8
    return "u" + urlsafe_b64encode(gzip.compress(bytes(bits), mtime=0)).decode().rstrip("=")
