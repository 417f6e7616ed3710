from __future__ import annotations

import base64
import hashlib
import io
import random
import stat
import zipfile
from pathlib import Path

import msgspec
import pytest

from recorder.pack.digests import FileChanged, Kept, Source, digest_of, kept_digest
from recorder.pack.dsse import SignatureWrong, open_envelope, pae, public_key, sign
from recorder.pack.layout import Layout
from recorder.pack.manifest import MANIFEST, MIMETYPE, SLICE_BYTES, PackFile, canonical, is_safe_path, read_manifest
from recorder.pack.reader import Damage, damaged, open_pack, verify
from recorder.pack.trust import Revocations, Trust, check, decode_signed
from signaling.errors import Refused
from tests.unit.recorder.pack.pack_world import (
    NOW_MS,
    ROOT,
    SCHOOL,
    TRUST,
    content,
    copy,
    lesson,
    rewritten,
    school_key,
    zipped,
)


def refusal(data: bytes, trust: Trust = TRUST, now_ms: int = NOW_MS) -> str:
    with pytest.raises(Refused) as refused:
        open_pack(io.BytesIO(data), trust, now_ms)
    assert any(mark in refused.value.detail for mark in "。！"), "says what to do"
    return refused.value.code


def problems(data: bytes) -> list[Damage] | str:
    try:
        return list(damaged(open_pack(io.BytesIO(data), TRUST, NOW_MS)))
    except Refused as refused:
        return refused.code


def test_any_program_opens_a_pack_and_ours_finds_nothing_wrong() -> None:
    data = zipped(lesson())
    with zipfile.ZipFile(io.BytesIO(data)) as pack:
        assert pack.testzip() is None
        assert pack.namelist()[:2] == [MIMETYPE, MANIFEST]
        assert pack.read("media/light.webm") == content()[0].data
        assert {entry.compress_type for entry in pack.infolist()} == {zipfile.ZIP_STORED}
    assert problems(data) == []


def test_same_lesson_is_the_same_bytes_in_any_order() -> None:
    assert zipped(lesson()) == zipped(lesson(sources=content()[::-1]))


def test_any_range_is_what_the_whole_has_there() -> None:
    layout = lesson().layout
    whole = b"".join(layout.read())
    assert layout.size == len(whole)
    ranges = random.Random(3)
    for _ in range(40):
        start = ranges.randrange(layout.size)
        end = ranges.randrange(start, layout.size + 10)
        assert b"".join(layout.read(start, end)) == whole[start:end]
    assert b"".join(layout.read(layout.size)) == b""


def test_file_that_shrank_ends_the_stream(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"12345")
    source = Source("a", file)
    layout = Layout([(source, digest_of(source))])
    file.write_bytes(b"123")
    with pytest.raises(FileChanged):
        b"".join(layout.read())


def test_file_is_hashed_again_only_when_it_changed(tmp_path: Path) -> None:
    file = tmp_path / "a"
    file.write_bytes(b"12345")
    kept: dict[str, Kept] = {}
    first = kept_digest(Source("a", file), kept)
    assert kept_digest(Source("a", file), kept) is first
    file.write_bytes(b"123456")
    assert kept_digest(Source("a", file), kept).entry.size == 6


def test_sizes_beyond_32_bits_are_told_in_zip64(tmp_path: Path) -> None:
    """Five gigabytes that are not there: only the headers are read."""
    size = 5 << 30
    file = tmp_path / "large"
    with file.open("wb") as sparse:
        sparse.truncate(size)
    large = msgspec.structs.replace(digest_of(Source("x")), entry=PackFile(size, "0" * 64, ()))
    small = Source("z.txt", data=b"behind")
    layout = Layout([(Source("large", file), large), (small, digest_of(small))])
    tail = b"".join(layout.read(size))
    head = b"".join(layout.read(0, 100))
    whole = tmp_path / "whole.zip"
    with whole.open("wb") as sparse:
        sparse.write(head)
        sparse.seek(size)
        sparse.write(tail)
    with zipfile.ZipFile(whole) as found:
        assert [entry.file_size for entry in found.infolist()] == [size, 6]
        assert found.read("z.txt") == b"behind"


def test_pae_is_as_the_specification_has_it() -> None:
    assert pae("http://example.com/HelloWorld", b"hello world") == (
        b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
    )


def test_signature_is_of_one_kind_of_document_only() -> None:
    envelope = sign("a", b"text", SCHOOL)
    assert open_envelope(envelope, "a", public_key(SCHOOL)) == b"text"
    other = msgspec.structs.replace(envelope, payload_type="b")
    for wrong, kind, key in ((envelope, "b", SCHOOL), (envelope, "a", ROOT), (other, "b", SCHOOL)):
        with pytest.raises(SignatureWrong):
            open_envelope(wrong, kind, public_key(key))


@pytest.mark.parametrize(
    ("path", "is_safe"),
    [
        ("media/light.webm", True),
        ("pages/ab.webp", True),
        ("../escape", False),
        ("a/../../b", False),
        ("/etc/passwd", False),
        ("C:/windows", False),
        ("a\\b", False),
        ("a//b", False),
        ("a/./b", False),
        (".hidden", False),
        ("con.txt", False),
        ("media/NUL", False),
        ("name.", False),
        ("课.txt", False),
        ("a\n", False),
        ("", False),
        ("a" * 151, False),
    ],
)
def test_names_that_a_pack_may_hold(path: str, is_safe: bool) -> None:
    assert is_safe_path(path) is is_safe


def test_path_out_of_the_folder_is_refused() -> None:
    def change(new: zipfile.ZipFile, entry: zipfile.ZipInfo, data: bytes) -> None:
        copy(new, entry, data)
        if entry.filename == "index.html":
            new.writestr(zipfile.ZipInfo("../../home/teacher/.profile"), b"rm")

    assert refusal(rewritten(change)) == "offline_path"


def test_absolute_path_is_refused() -> None:
    def change(new: zipfile.ZipFile, entry: zipfile.ZipInfo, data: bytes) -> None:
        copy(new, entry, data)
        if entry.filename == "index.html":
            new.writestr(zipfile.ZipInfo("/etc/crontab"), b"x")

    assert refusal(rewritten(change)) == "offline_path"


def test_link_is_refused() -> None:
    def change(new: zipfile.ZipFile, entry: zipfile.ZipInfo, data: bytes) -> None:
        info = zipfile.ZipInfo(entry.filename)
        if entry.filename == "index.html":
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
        new.writestr(info, data)

    assert refusal(rewritten(change)) == "offline_link"


def test_compressed_entry_is_refused_before_it_is_unpacked() -> None:
    def change(new: zipfile.ZipFile, entry: zipfile.ZipInfo, data: bytes) -> None:
        bomb = bytes(1 << 20) if entry.filename == "resource.json" else data
        new.writestr(zipfile.ZipInfo(entry.filename), bomb, zipfile.ZIP_DEFLATED if bomb is not data else None)

    assert refusal(rewritten(change)) == "offline_compressed"


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("twin", ["index.html", "INDEX.html"])
def test_two_entries_of_one_name_are_refused(twin: str) -> None:
    def change(new: zipfile.ZipFile, entry: zipfile.ZipInfo, data: bytes) -> None:
        copy(new, entry, data)
        if entry.filename == "index.html":
            new.writestr(zipfile.ZipInfo(twin), b"other")

    assert refusal(rewritten(change)) == "offline_duplicate"


def test_entry_that_was_not_signed_is_refused() -> None:
    def change(new: zipfile.ZipFile, entry: zipfile.ZipInfo, data: bytes) -> None:
        copy(new, entry, data)
        if entry.filename == "resource.json":
            new.writestr(zipfile.ZipInfo("virus.exe"), b"MZ")

    assert refusal(rewritten(change)) == "offline_extra"


def test_missing_entry_is_refused() -> None:
    def change(new: zipfile.ZipFile, entry: zipfile.ZipInfo, data: bytes) -> None:
        if entry.filename != "resource.json":
            copy(new, entry, data)

    assert refusal(rewritten(change)) == "offline_missing"


def test_bomb_of_size_is_refused_by_the_manifest() -> None:
    def change(new: zipfile.ZipFile, entry: zipfile.ZipInfo, data: bytes) -> None:
        copy(new, entry, data + bytes(1000) if entry.filename == "resource.json" else data)

    assert refusal(rewritten(change)) == "offline_size"


def test_entries_that_share_bytes_are_refused() -> None:
    data = bytearray(zipped(lesson()))
    at = data.rindex(b"PK\1\2")  # the last entry's directory line names the place of its header
    data[at + 42 : at + 46] = (int.from_bytes(data[at + 42 : at + 46], "little") - 60).to_bytes(4, "little")
    assert refusal(bytes(data)) == "offline_overlap"


def test_bytes_hidden_between_entries_are_refused() -> None:
    data = zipped(lesson())
    at = data.index(b"PK\1\2")
    hidden = bytearray(data[:at] + b"hidden" + data[at:])
    hidden[-6:-2] = (at + 6).to_bytes(4, "little")
    assert refusal(bytes(hidden)) == "offline_overlap"


@pytest.mark.parametrize("kept", [0, 10, 21, 22, 1000, -1, -30])
def test_truncated_pack_is_refused(kept: int) -> None:
    assert refusal(zipped(lesson())[:kept]) in {"offline_not_a_pack", "offline_overlap"}


def test_other_zip_is_refused() -> None:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as other:
        other.writestr("a.txt", "hello")
    assert refusal(out.getvalue()) == "offline_not_a_pack"


def test_flipped_bit_in_the_media_is_found_in_its_slice() -> None:
    data = bytearray(zipped(lesson()))
    place = open_pack(io.BytesIO(bytes(data)), TRUST, NOW_MS).places["media/light.webm"]
    data[place.offset + SLICE_BYTES + 77] ^= 4
    assert problems(bytes(data)) == [Damage("media/light.webm", 1)]


def test_flipped_bit_anywhere_is_found() -> None:
    small = [Source("a.txt", data=b"hello"), Source("b/c.json", data=b"{}")]
    data = zipped(lesson(sources=small, key=school_key(revoked=Revocations(3, ("ab",)))))
    chance = random.Random(5)
    for at in chance.sample(range(len(data)), 500):
        broken = bytearray(data)
        broken[at] ^= 1 << chance.randrange(8)
        assert problems(bytes(broken)) != [], f"byte {at}"


def test_verify_reads_a_file(tmp_path: Path) -> None:
    file = tmp_path / "lesson.pack.zip"
    file.write_bytes(zipped(lesson()))
    manifest, damage = verify(file, TRUST, NOW_MS)
    assert (manifest.title, manifest.signer.name, damage) == ("光的折射", "春城实验小学", [])


def test_without_a_root_the_fingerprint_is_told() -> None:
    data = zipped(lesson())
    assert refusal(data, Trust()) == "offline_root_unknown"


def test_another_platform_is_refused() -> None:
    assert refusal(zipped(lesson()), Trust(public_key(SCHOOL))) == "offline_key_unknown"


def test_key_that_the_root_did_not_sign_is_refused() -> None:
    forged = school_key(root=SCHOOL)
    forged = forged._replace(vouching=msgspec.structs.replace(forged.vouching, root=public_key(ROOT)))
    assert refusal(zipped(lesson(key=forged))) == "offline_signature"


def test_revoked_key_is_refused_by_the_list_that_came_with_another_pack() -> None:
    key_id = lesson().manifest.signer.key
    newer = lesson(key=school_key(revoked=Revocations(2, ("00" * 16,))))
    _, after = check(decode_signed(newer.signed), TRUST, NOW_MS)
    assert after.revocations.number == 2
    assert refusal(zipped(lesson(key=school_key(revoked=Revocations(3, (key_id,)))))) == "offline_key_revoked"
    listed = msgspec.structs.replace(TRUST, revocations=Revocations(3, (key_id,)))
    older_list = zipped(lesson(key=school_key(revoked=Revocations(1))))
    assert refusal(older_list, listed) == "offline_key_revoked"


def test_key_counts_from_its_first_to_its_last_day() -> None:
    early = zipped(lesson(key=school_key(not_before_ms=NOW_MS + 1)))
    assert refusal(early) == "offline_key_early"
    assert open_pack(io.BytesIO(early), TRUST, NOW_MS + 1).manifest.version == 1
    assert refusal(zipped(lesson(key=school_key(not_after_ms=NOW_MS - 1)))) == "offline_key_late"


def test_older_version_is_refused_once_a_newer_was_seen() -> None:
    pack = open_pack(io.BytesIO(zipped(lesson(version=3))), TRUST, NOW_MS)
    assert pack.trust.highest == {"les1": 3}
    assert refusal(zipped(lesson(version=2)), pack.trust) == "offline_rollback"
    assert open_pack(io.BytesIO(zipped(lesson(version=3))), pack.trust, NOW_MS).manifest.version == 3


def test_withdrawn_pack_is_refused_up_to_its_version() -> None:
    trust = msgspec.structs.replace(TRUST, revocations=Revocations(1, (), {"les1": 2}))
    assert refusal(zipped(lesson(version=2)), trust) == "offline_withdrawn"
    assert open_pack(io.BytesIO(zipped(lesson(version=3))), trust, NOW_MS).manifest.version == 3


def test_manifest_is_what_the_paper_says() -> None:
    built = lesson()
    body = msgspec.json.decode(base64.b64decode(msgspec.json.decode(built.signed)["payload"]))
    entry = body["files"]["media/light.webm"]
    assert body["sliceSize"] == 1 << 20
    assert entry["sha256"] == hashlib.sha256(content()[0].data).hexdigest()
    assert entry["slices"][1] == hashlib.sha256(content()[0].data[1 << 20 :]).hexdigest()


@pytest.mark.parametrize(
    "wrong", [PackFile(0, "0" * 64, ()), PackFile(5, "0" * 64, ()), PackFile(5, "0" * 64, ("1" * 64,))]
)
def test_hashes_that_cannot_be_of_one_file_are_refused(wrong: PackFile) -> None:
    body = msgspec.structs.replace(lesson().manifest, files={"a.txt": wrong})
    with pytest.raises(Refused) as refused:
        read_manifest(canonical(body))
    assert refused.value.code == "offline_manifest"
