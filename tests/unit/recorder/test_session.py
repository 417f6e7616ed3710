"""A live session in virtual time: which parts there are, and what the journal is told."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from bench.recorder_feed import rtp, vp8_payloads
from media.tap import TapTrack
from recorder.ops import ClosePart, Note, Op, OpenPart, WriteFrame
from recorder.part_names import track_folder
from recorder.session import PART_NS, PeerName, Session
from recorder.space import Tier

MS = 1_000_000
KEY = b"\x10\x00\x00\x9d\x01\x2a\x40\x01\xb4\x00" + b"k" * 100
DELTA = b"\x11\x00\x00" + b"d" * 50
SPS = bytes.fromhex("6742c00dda0504f684000003000400000300c83c")
H264_STAP = b"\x18" + b"".join(
    len(nal).to_bytes(2, "big") + nal for nal in (SPS, b"\x68\xce\x0f\xc8", b"\x65" + b"i" * 50)
)


def camera(layer: str = "", peer: str = "teacher") -> TapTrack:
    return TapTrack("room", peer, "camera", "vp8", layer, 1, 96, 90_000)


def picture(number: int, data: bytes, *, jump: int = 0) -> bytes:
    ((payload, last),) = vp8_payloads(data, number)
    return rtp(number, number * 3_600 + jump, last, payload)


def kinds(ops: list[Op]) -> list[str]:
    return [op.kind if isinstance(op, Note) else type(op).__name__ for op in ops]


def show(session: Session, track: tuple[int, int], numbers: range, *, key_every: int = 25) -> None:
    for number in numbers:
        data = KEY if number % key_every == 0 else DELTA
        session.on_packet(track, picture(number, data), number * 40 * MS)


def opened(session: Session) -> list[OpenPart]:
    return [op for op in session.poll_ops() if isinstance(op, OpenPart)]


def test_a_part_begins_at_a_keyframe_and_one_is_asked_for() -> None:
    session = Session("r", "room", 0, 1)
    session.on_opened((1, 1), camera(), 0)
    show(session, (1, 1), range(1, 20))
    assert opened(session) == []
    assert session.poll_keyframes() == [(1, 1)]
    show(session, (1, 1), range(20, 30))
    ops = session.poll_ops()
    first = next(op for op in ops if isinstance(op, WriteFrame))
    assert (first.ms, first.keyframe, first.data) == (0, True, KEY)
    assert next(op for op in ops if isinstance(op, OpenPart)).file == "tracks/camera-teacher/0001.webm"


def test_a_part_is_followed_by_the_next_after_half_an_hour() -> None:
    session = Session("r", "room", 0, 1)
    session.on_opened((1, 1), camera(), 0)
    show(session, (1, 1), range(0, PART_NS // (40 * MS) + 600, 10), key_every=50)
    parts = [op for op in session.poll_ops() if isinstance(op, OpenPart | ClosePart)]
    assert [type(part).__name__ for part in parts] == ["OpenPart", "ClosePart", "OpenPart"]


def test_a_track_that_comes_back_goes_on_in_its_part_at_a_keyframe() -> None:
    session = Session("r", "room", 0, 1)
    session.on_opened((1, 1), camera("h"), 0)
    show(session, (1, 1), range(50))
    session.on_closed((1, 1), 2_000 * MS)
    session.on_opened((1, 2), camera("h"), 6_000 * MS)
    show(session, (1, 2), range(155, 250))
    ops = session.poll_ops()
    assert len([op for op in ops if isinstance(op, OpenPart | ClosePart)]) == 1
    frames = [op for op in ops if isinstance(op, WriteFrame)]
    back = next(frame for frame in frames if frame.t_ms > 2_000)
    assert (back.keyframe, back.ms) == (True, 175 * 40)
    assert frames[-1].ms == 249 * 40
    assert session.poll_keyframes(), "one is asked for"
    gaps = [op.fields for op in ops if isinstance(op, Note) and op.kind == "gap"]
    assert gaps == [{"part": 1, "from": 1_960.0, "to": 7_000.0, "why": "silent"}]
    assert kinds(ops).count("restamp") == 1


@pytest.mark.parametrize(
    ("change", "back_ms"),
    [({"ssrc": 2}, 3_000), ({"codec": "h264"}, 3_000), ({}, 63_000)],
    ids=["reconnected", "codec", "late"],
)
def test_another_stream_is_another_part(change: dict[str, Any], back_ms: int) -> None:
    session = Session("r", "room", 0, 1)
    session.on_opened((1, 1), camera(), 0)
    show(session, (1, 1), range(50))
    session.on_closed((1, 1), 2_000 * MS)
    session.on_timeout(back_ms * MS)
    session.on_opened((1, 2), msgspec.structs.replace(camera(), **change), back_ms * MS)
    payload = H264_STAP if change.get("codec") else next(vp8_payloads(KEY, 0))[0]
    session.on_packet((1, 2), rtp(9_000, 0, True, payload), back_ms * MS)
    session.on_timeout((back_ms + 500) * MS)
    assert len(opened(session)) == 2


def test_a_part_whose_track_does_not_come_back_is_closed() -> None:
    session = Session("r", "room", 0, 1)
    session.on_opened((1, 1), camera(), 0)
    show(session, (1, 1), range(50))
    session.on_closed((1, 1), 2_000 * MS)
    session.on_timeout(61_000 * MS)
    assert "part.close" not in kinds(session.poll_ops())
    session.on_timeout(62_000 * MS)
    assert kinds(session.poll_ops()) == ["part.close", "ClosePart"]
    session.stop(90_000 * MS)
    assert kinds(session.poll_ops()) == ["session.end"]


def test_a_layer_that_falls_silent_leaves_a_gap_in_the_journal() -> None:
    session = Session("r", "room", 0, 1)
    session.on_opened((1, 1), camera("h"), 0)
    show(session, (1, 1), range(50))
    session.on_packet((1, 1), rtp(50, 200 * 3_600, True, next(vp8_payloads(KEY, 50))[0]), 8_000 * MS)
    ops = session.poll_ops()
    assert [op.fields["to"] for op in ops if isinstance(op, Note) and op.kind == "gap"] == [8_000.0]
    assert len([op for op in ops if isinstance(op, OpenPart)]) == 1


def test_an_open_track_asks_for_keyframes_to_search_by() -> None:
    session = Session("r", "room", 0, 1)
    session.on_opened((1, 1), camera(), 0)
    show(session, (1, 1), range(240), key_every=1_000_000)
    assert session.poll_keyframes() == [], "every receiver pays for a camera's keyframes"
    show(session, (1, 1), range(240, 290), key_every=1_000_000)
    assert session.poll_keyframes() == [(1, 1), (1, 1)], "10 s after the last one, and again after a second"


def test_stamps_with_another_origin_go_on_in_the_same_part() -> None:
    session = Session("r", "room", 0, 1)
    session.on_opened((1, 1), camera(), 0)
    show(session, (1, 1), range(50))
    for number in range(50, 60):
        session.on_packet((1, 1), picture(number, DELTA, jump=-150_000), number * 40 * MS)
    ops = session.poll_ops()
    assert "restamp" in kinds(ops)
    times = [op.ms for op in ops if isinstance(op, WriteFrame)]
    assert times == sorted(times)
    assert times[-1] == pytest.approx(59 * 40, abs=2)


def test_events_are_journalled_once_and_only_json() -> None:
    session = Session("r", "room", 1_000 * MS, 1, last_event_seq=2)
    session.on_event(2, 0, b"{}")
    session.on_event(3, 400 * MS, '{"kind":"chat_added",\n"text":"好"}'.encode())
    with pytest.raises(msgspec.DecodeError):
        session.on_event(4, 0, b"{")
    (note,) = session.poll_ops()
    assert isinstance(note, Note)
    assert (note.t_ms, note.fields) == (-600.0, {"event": 3, "body": {"kind": "chat_added", "text": "好"}})
    assert session.last_event_seq == 3


def test_pupils_are_flagged() -> None:
    session = Session("r", "room", 0, 1)
    session.on_peer("c1", PeerName("classroom", "三年级", "红星小学"), 0)
    session.on_opened((1, 1), camera(peer="c1"), 0)
    show(session, (1, 1), range(20))
    (line,) = [op for op in session.poll_ops() if isinstance(op, Note) and op.kind == "part.open"]
    assert (line.fields["role"], line.fields["minors"]) == ("classroom", True)


def test_with_little_space_the_largest_layer_then_all_pictures_are_left_out() -> None:
    session = Session("r", "room", 0, 1)
    for number, layer in enumerate(("q", "h", "f"), 1):
        session.on_opened((1, number), camera(layer), 0)
        show(session, (1, number), range(20))
    assert len(opened(session)) == 3
    session.on_tier(Tier.SMALL, 900 * MS)
    assert [kind for kind in kinds(session.poll_ops()) if kind in ("ClosePart", "tier")] == ["tier", "ClosePart"]
    session.on_tier(Tier.SOUND, 901 * MS)
    assert kinds(session.poll_ops()).count("ClosePart") == 2
    session.on_tier(Tier.ALL, 902 * MS)
    show(session, (1, 3), range(25, 60))
    assert len(opened(session)) == 1


def test_stopping_closes_all_parts_before_the_end_is_said() -> None:
    session = Session("r", "room", 0, 1)
    session.on_opened((1, 1), camera(), 0)
    show(session, (1, 1), range(20))
    session.stop(1_000 * MS)
    assert kinds(session.poll_ops())[-3:] == ["part.close", "ClosePart", "session.end"]


def test_names_that_are_no_file_names_are_replaced() -> None:
    assert track_folder(camera("h", "p-1")) == "camera-h-p-1"
    name = track_folder(camera("../x", "王/老师"))
    assert "/" not in name and ".." not in name and name.isascii()
