"""What a socket may bring: a message of the protocol, or one refusal; never anything else, and never a broken room."""

from __future__ import annotations

from typing import Any, get_args

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from signaling import messages as m
from signaling.errors import ProtocolViolation, Refused
from tests.unit.signaling.room_world import CLASSROOMS, LECTURER, LOCAL_TEACHER, OBSERVER, World

KINDS: tuple[type[msgspec.Struct], ...] = get_args(m.ClientMessage)
FIELDS = sorted({field.encode_name for kind in KINDS for field in msgspec.structs.fields(kind)})
HANDLED = (
    m.SetSource, m.LimitSlot, m.SetMute, m.SetHand, m.CallOn, m.TakeLead, m.Say, m.TurnPage, m.StartLesson, m.EndLesson,
)  # fmt: skip
EXAMPLES: tuple[m.ClientMessage, ...] = (
    m.Hello(1, "凭证", "abcd2345.00", 7),
    m.Ping(3),
    m.Publish(1, "v=0\r\n", (m.SourceLine("0", "mic"),)),
    m.SetHand(5, True, "李小雨"),
    m.CallOn(6, None),
    m.Say(7, "光从空气进入水里"),
    m.LimitSlot(8, "tile0", 180),
    m.ReportPlayback("page0001", 1, 2, 3, 4, 5, 6, "turn_tls", 360),
)


def decoded(data: bytes) -> m.ClientMessage | None:
    try:
        return m.decode_client(data)
    except ProtocolViolation as error:
        assert error.code in ("message_malformed", "message_too_large")
        return None


@pytest.mark.parametrize("message", EXAMPLES, ids=lambda one: type(one).__name__)
def test_what_is_encoded_is_decoded(message: m.ClientMessage) -> None:
    assert m.decode_client(m.encode(message)) == message


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200))
def test_no_bytes_make_the_decoder_stumble(data: bytes) -> None:
    decoded(data)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(EXAMPLES), st.lists(st.tuples(st.integers(0, 400), st.integers(0, 255)), min_size=1, max_size=8))
def test_mutilated_messages_are_messages_or_refused(message: m.ClientMessage, spoilt: list[tuple[int, int]]) -> None:
    data = bytearray(m.encode(message))
    for at, byte in spoilt:
        data[at % len(data)] = byte
    decoded(bytes(data))


@pytest.mark.parametrize(
    "data",
    [
        b"[" * 60_000,
        b'{"type":"say","id":1,"text":' + b'{"a":' * 10_000,
        b'{"type":"ping","n":' + b"9" * 5_000 + b"}",
        b'{"type":"ping","n":1e999}',
        b'{"type":"say","id":1,"text":"\\ud800"}',
        b'{"type":"ping","n":1}{"type":"ping","n":1}',
        b'{"type":"hello","type":"ping","n":1}',
        b" " * (m.MAX_MESSAGE_BYTES + 1),
    ],
    ids=lambda data: data[:24].decode(),
)
def test_hostile_json_is_a_message_or_refused(data: bytes) -> None:
    decoded(data)


_junk = st.one_of(
    st.none(), st.booleans(), st.integers(-2, 5), st.integers(), st.text(max_size=6),
    st.sampled_from(["mic", "camera", "screen", "lecturer", "audio0", "tile0", "nobody"]),
)  # fmt: skip


@settings(max_examples=120, deadline=None)
@given(
    st.sampled_from([kind.__struct_config__.tag for kind in HANDLED]),
    st.dictionaries(st.sampled_from(FIELDS), _junk, max_size=5),
    st.integers(0, 3),
    st.booleans(),
)
def test_junk_that_decodes_is_carried_out_or_refused_and_leaves_a_whole_room(
    tag: str, fields: dict[str, Any], column: int, is_live: bool
) -> None:
    message = decoded(msgspec.json.encode({"id": 1, **fields, "type": tag}))
    if not isinstance(message, HANDLED):
        return
    world = World()
    peers = [world.join(one) for one in (LECTURER, CLASSROOMS[0], LOCAL_TEACHER, OBSERVER)]
    if is_live:
        world.ask(peers[0], m.StartLesson(0))
    before = world.room.snapshot(world.now)
    try:
        world.ask(peers[column], message)
    except Refused:
        assert world.room.snapshot(world.now) == before
    assert world.replayed() == world.room.state
