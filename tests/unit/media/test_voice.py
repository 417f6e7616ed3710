"""Who speaks, from the levels beside a voice's packets."""

from __future__ import annotations

from collections.abc import Sequence

import pytest

from media.rtp import build_extensions, build_packet
from media.voice import AGAIN_S, LOUD_DBOV, VoiceActivity

PACKET_S = 0.02
LEVEL = 4  # the extension's id


def told(levels: Sequence[int | None], start: float = 0.0) -> list[float]:
    voice, found = VoiceActivity(), []
    for number, level in enumerate(levels):
        extensions = b"" if level is None else build_extensions([(LEVEL, bytes((0x80 | level,)))])
        packet = bytes(build_packet(111, number, number * 960, 1, b"opus", extensions=extensions))
        now = start + number * PACKET_S
        if voice.on_packet(packet, LEVEL, now):
            found.append(round(now - start, 2))
    return found


def test_speech_is_told_within_a_syllable_and_again_while_it_lasts() -> None:
    first, *again = told([30] * 250)
    assert first <= 0.1
    assert again == [round(first + AGAIN_S, 2), round(first + 2 * AGAIN_S, 2)]


@pytest.mark.parametrize(
    "levels",
    [
        pytest.param([LOUD_DBOV + 1] * 200, id="a quiet room"),
        pytest.param([127] * 50 + [20] * 3 + [127] * 50, id="a key is struck"),
        pytest.param([None] * 200, id="a sender that writes no levels"),
    ],
)
def test_what_is_no_speech_is_not_told(levels: list[int | None]) -> None:
    assert told(levels) == []


def test_a_pause_between_words_is_not_a_new_beginning() -> None:
    assert len(told([30] * 20 + [90] * 15 + [30] * 20)) == 1
