"""Signed envelopes: DSSE (Dead Simple Signing Envelope, v1.0.2) with Ed25519 (RFC 8032). Pure.

What is signed is the pre-authentication encoding, `"DSSEv1" SP len(type) SP type SP len(body) SP body`, so that bytes
signed as one kind of document can never be taken for another kind, and nothing must be parsed before it is verified.
A key's id is the first 32 hex digits of the SHA-256 of its 32 public bytes.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from typing import Annotated

import msgspec
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

KEY_BYTES = 32
SIGNATURE_BYTES = 64

PublicKey = Annotated[str, msgspec.Meta(pattern="^[0-9a-f]{64}$")]  # the raw key as hex


class Signature(msgspec.Struct, frozen=True):
    """One signature; `sig` is base64."""

    keyid: str
    sig: str


class Envelope(msgspec.Struct, frozen=True, rename={"payload_type": "payloadType"}):
    """A signed document; `payload` is base64."""

    payload: str
    payload_type: str
    signatures: tuple[Signature, ...]


class SignatureWrong(ValueError):
    """The envelope is not signed by this key, or is not an envelope of this type."""


def pae(payload_type: str, payload: bytes) -> bytes:
    """Return the bytes that are signed."""
    kind = payload_type.encode()
    return b"DSSEv1 %d %s %d %s" % (len(kind), kind, len(payload), payload)


def public_key(key: Ed25519PrivateKey) -> str:
    """Return the public half as hex."""
    return key.public_key().public_bytes_raw().hex()


def key_id(public: str) -> str:
    """Return the id of a public key."""
    return hashlib.sha256(bytes.fromhex(public)).hexdigest()[:32]


def sign(payload_type: str, payload: bytes, key: Ed25519PrivateKey) -> Envelope:
    """Return the payload in an envelope signed by `key`."""
    signature = key.sign(pae(payload_type, payload))
    signed = Signature(key_id(public_key(key)), base64.b64encode(signature).decode())
    return Envelope(base64.b64encode(payload).decode(), payload_type, (signed,))


def open_envelope(envelope: Envelope, payload_type: str, public: str) -> bytes:
    """Return the payload when it is of this type and signed by the key `public`.

    Raises:
        SignatureWrong
    """
    if envelope.payload_type != payload_type:
        raise SignatureWrong("another kind of document")
    wanted = key_id(public)
    try:
        payload = _exact_base64(envelope.payload)
        found = [_exact_base64(one.sig) for one in envelope.signatures[:8] if one.keyid == wanted]
        key = Ed25519PublicKey.from_public_bytes(bytes.fromhex(public))
        for signature in found:
            key.verify(signature, pae(payload_type, payload))
            return payload
    except (binascii.Error, InvalidSignature, ValueError) as error:
        raise SignatureWrong("the signature does not hold") from error
    raise SignatureWrong("not signed by this key")


def _exact_base64(text: str) -> bytes:
    """Return the bytes of base64 in its one form: no stray bits behind the last byte."""
    data = base64.b64decode(text, validate=True)
    if base64.b64encode(data).decode() != text:
        raise ValueError("base64 with stray bits")
    return data
