"""Build a pack: hash the sources, sign the manifest, lay out the ZIP."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from recorder.pack.digests import Digest, Kept, Source, digest_of, kept_digest
from recorder.pack.dsse import Envelope, key_id, public_key, sign
from recorder.pack.layout import Layout
from recorder.pack.manifest import (
    MANIFEST,
    MAX_FILES,
    MIME,
    MIMETYPE,
    Manifest,
    PackFile,
    Signer,
    canonical,
    check_paths,
)
from recorder.pack.trust import DELEGATION_TYPE, MANIFEST_TYPE, Delegation, SignedManifest, Vouching


class SigningKey(NamedTuple):
    """A school's key, the root's word for it, and what else travels with what it signs."""

    private: Ed25519PrivateKey
    name: str
    vouching: Vouching


class About(msgspec.Struct, frozen=True):
    """What a manifest says beside its files."""

    id: str
    version: int
    title: str
    tier: str
    licence: str
    renditions: tuple[str, ...] = ()
    subject: str = ""
    duration_ms: int = 0


class Built(NamedTuple):
    """A pack that is ready to be sent. `places`: where each file's bytes come from."""

    manifest: Manifest
    signed: bytes  # manifest.dsse.json
    layout: Layout
    places: dict[str, Source]


def delegate(root: Ed25519PrivateKey, delegation: Delegation) -> Envelope:
    """Return the root's word for a school's key."""
    return sign(DELEGATION_TYPE, canonical(delegation), root)


def build(about: About, sources: Sequence[Source], key: SigningKey, kept: dict[str, Kept] | None = None) -> Built:
    """Return the pack of `sources`, in the order of their paths. Reads every file that `kept` does not know.

    Raises:
        ValueError: too many files.
        Refused: `offline_path` or `offline_duplicate`: a name that a pack may not hold.
        OSError
    """
    ordered = sorted(sources, key=lambda source: source.path)
    check_paths([*(source.path for source in ordered), MANIFEST, MIMETYPE])
    if len(ordered) > MAX_FILES:
        raise ValueError(f"a pack holds at most {MAX_FILES} files")
    digests = [digest_of(source) if kept is None else kept_digest(source, kept) for source in ordered]
    files = {source.path: digest.entry for source, digest in zip(ordered, digests, strict=True)}
    signed = sign_manifest(about, files, key)
    head = [Source(MIMETYPE, data=MIME.encode()), Source(MANIFEST, data=signed)]
    entries: list[tuple[Source, Digest]] = [(one, digest_of(one)) for one in head]
    entries += zip(ordered, digests, strict=True)
    manifest = _manifest(about, files, key)
    return Built(manifest, signed, Layout(entries), {source.path: source for source in ordered})


def _manifest(about: About, files: dict[str, PackFile], key: SigningKey) -> Manifest:
    return Manifest(
        about.id,
        about.version,
        about.title,
        about.tier,
        about.licence,
        files,
        Signer(key_id(public_key(key.private)), key.name),
        about.renditions,
        about.subject,
        about.duration_ms,
    )


def sign_manifest(about: About, files: dict[str, PackFile], key: SigningKey) -> bytes:
    """Return `manifest.dsse.json` of these files."""
    envelope = sign(MANIFEST_TYPE, canonical(_manifest(about, files, key)), key.private)
    signed = SignedManifest(envelope.payload, envelope.payload_type, envelope.signatures, key.vouching)
    return canonical(signed)
