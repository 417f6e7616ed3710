"""Who may sign packs, and what a reader remembers so that it is not fooled later. Pure.

A platform has one root key. It signs a short document for each school's key (delegation) and one list of what no longer
counts (revocations). Both travel in the pack's envelope beside the manifest, so a reader that knows nothing but the
root's public key can check a pack that came on a stick. The list carries a number: a newer one is kept, an older one
never replaces it. Of each pack the highest version seen is kept, and an older one is refused (rollback): an old pack
may hold what its teacher has since taken out.
"""

from __future__ import annotations

import hashlib
from typing import Annotated

import msgspec

from recorder.pack.dsse import Envelope, PublicKey, Signature, SignatureWrong, key_id, open_envelope
from recorder.pack.manifest import MAX_MANIFEST_BYTES, Manifest, canonical, read_manifest
from signaling.errors import Refused

MANIFEST_TYPE = "application/vnd.tongtang.lesson-pack+json"
DELEGATION_TYPE = "application/vnd.tongtang.delegation+json"
REVOCATIONS_TYPE = "application/vnd.tongtang.revocations+json"
MAX_REMEMBERED = 200_000  # packs whose version is kept: at 60 bytes each 12 MB, the lessons of a province for years


class Delegation(msgspec.Struct, frozen=True):
    """The root's word that a school's key signs packs from then on; `not_after_ms` 0: without an end."""

    key: PublicKey
    name: Annotated[str, msgspec.Meta(max_length=80)]
    not_before_ms: int
    not_after_ms: int = 0


class Revocations(msgspec.Struct, frozen=True):
    """The root's list of keys (by id) that no longer count, and of packs withdrawn up to a version."""

    number: int = 0
    keys: tuple[str, ...] = ()
    packs: dict[str, int] = {}


class Vouching(msgspec.Struct, frozen=True):
    """What travels with a signed manifest so that it can be checked offline."""

    root: PublicKey
    delegation: Envelope | None = None  # None: the root signed the manifest itself
    revocations: Envelope | None = None


class SignedManifest(msgspec.Struct, frozen=True, rename={"payload_type": "payloadType"}):
    """`manifest.dsse.json`: a DSSE envelope, with `trust` beside its own fields."""

    payload: str
    payload_type: str
    signatures: tuple[Signature, ...]
    trust: Vouching

    @property
    def envelope(self) -> Envelope:
        """Return the envelope alone."""
        return Envelope(self.payload, self.payload_type, self.signatures)


class Trust(msgspec.Struct, frozen=True):
    """What a reader remembers. An empty `root`: none yet, so every pack is refused with the root's fingerprint."""

    root: str = ""
    revocations: Revocations = Revocations()
    highest: dict[str, int] = {}


def fingerprint(root: str) -> str:
    """Return a root key's fingerprint as people compare it: eight groups of four digits."""
    digits = hashlib.sha256(bytes.fromhex(root)).hexdigest()[:32].upper()
    return " ".join(digits[at : at + 4] for at in range(0, 32, 4))


def decode_signed(data: bytes) -> SignedManifest:
    """Return the envelope of `manifest.dsse.json`.

    Raises:
        Refused: `offline_manifest`.
    """
    try:
        if len(data) > MAX_MANIFEST_BYTES:
            raise msgspec.DecodeError("too large")
        found = msgspec.json.decode(data, type=SignedManifest)
        if canonical(found) != data:  # else a flipped bit could hide a field from us
            raise msgspec.DecodeError("not canonical")
        return found
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused("offline_manifest", "离线包的目录读不懂，没有导入。请重新下载或重新拷贝这个包。") from error


def check(signed: SignedManifest, trust: Trust, now_ms: int | None) -> tuple[Manifest, Trust]:
    """Return the manifest and what is to be remembered once the pack is kept.

    `now_ms` None: of a pack that was checked before, whose key need not count any more.

    Raises:
        Refused: `offline_root_unknown`, `offline_key_unknown`, `offline_key_revoked`, `offline_key_early`,
            `offline_key_late`, `offline_signature`, `offline_rollback`, `offline_withdrawn`, or one of `read_manifest`.
            `trust` is as it was.
    """
    _require_root(signed.trust.root, trust)
    revocations = newer_revocations(signed.trust.revocations, trust)
    key, name = _signing_key(signed.trust, now_ms)
    if key_id(key) in revocations.keys:
        raise Refused(
            "offline_key_revoked", f"签发这个离线包的密钥（{name}）已经被平台停用，没有导入。请从平台重新下载这一课。"
        )
    try:
        manifest = read_manifest(open_envelope(signed.envelope, MANIFEST_TYPE, key))
    except SignatureWrong as error:
        raise _signature_wrong() from error
    if manifest.signer.key != key_id(key):
        raise _signature_wrong()
    _require_current(manifest, revocations, trust)
    highest = dict(trust.highest)
    if manifest.id not in highest and len(highest) >= MAX_REMEMBERED:
        del highest[next(iter(highest))]  # the one that was seen first
    highest[manifest.id] = manifest.version
    return manifest, Trust(trust.root, revocations, highest)


def newer_revocations(envelope: Envelope | None, trust: Trust) -> Revocations:
    """Return the newer one of the list that is known and the one in the envelope.

    Raises:
        Refused: `offline_signature`: the list is not signed by the root.
    """
    if envelope is None:
        return trust.revocations
    try:
        found = msgspec.json.decode(open_envelope(envelope, REVOCATIONS_TYPE, trust.root), type=Revocations)
    except (SignatureWrong, msgspec.DecodeError) as error:
        raise _signature_wrong() from error
    return found if found.number > trust.revocations.number else trust.revocations


def is_withdrawn(pack: str, version: int, revocations: Revocations) -> bool:
    """Return whether this version of the pack was taken back."""
    return revocations.packs.get(pack, 0) >= version


def _require_root(root: str, trust: Trust) -> None:
    if not trust.root:
        raise Refused(
            "offline_root_unknown",
            f"这台电脑还没有信任任何平台。这个包来自密钥为 {fingerprint(root)} 的平台："
            "请和平台管理员核对，一致就选择信任。",
        )
    if root != trust.root:
        raise Refused(
            "offline_key_unknown",
            f"这个离线包来自另一个平台（密钥 {fingerprint(root)}），没有导入。请向包的来源核实。",
        )


def _signing_key(vouching: Vouching, now_ms: int | None) -> tuple[str, str]:
    if vouching.delegation is None:
        return vouching.root, "平台"
    try:
        payload = open_envelope(vouching.delegation, DELEGATION_TYPE, vouching.root)
        delegation = msgspec.json.decode(payload, type=Delegation)
    except (SignatureWrong, msgspec.DecodeError) as error:
        raise _signature_wrong() from error
    if now_ms is None:
        return delegation.key, delegation.name
    if now_ms < delegation.not_before_ms:
        raise Refused(
            "offline_key_early",
            f"签发这个离线包的密钥（{delegation.name}）还没有生效，没有导入。请检查这台电脑的日期和时间，改正后再试。",
        )
    if delegation.not_after_ms and now_ms > delegation.not_after_ms:
        raise Refused(
            "offline_key_late",
            f"签发这个离线包的密钥（{delegation.name}）已经过期，没有导入。请检查这台电脑的日期，或从平台重新下载。",
        )
    return delegation.key, delegation.name


def _require_current(manifest: Manifest, revocations: Revocations, trust: Trust) -> None:
    if is_withdrawn(manifest.id, manifest.version, revocations):
        raise Refused("offline_withdrawn", f"“{manifest.title}”已经被撤回，不能再使用。请看平台上有没有新的版本。")
    seen = trust.highest.get(manifest.id, 0)
    if manifest.version < seen:
        raise Refused(
            "offline_rollback",
            f"“{manifest.title}”的这个包是旧的（第 {manifest.version} 版），这里已经有过第 {seen} 版，没有导入。"
            "请换成新的包。",
        )


def _signature_wrong() -> Refused:
    return Refused("offline_signature", "离线包的签名不对：内容被改动过或损坏了，没有导入。请重新下载或重新拷贝。")
