"""The lines of a session description that the WHIP door reads and changes."""

from __future__ import annotations

import pytest
from hypothesis import given, strategies as st

from server.lessons import sdp_fragment
from signaling.errors import ProtocolViolation
from signaling.messages import SourceLine

OFFER = (
    "v=0\r\na=group:BUNDLE 0 1\r\n"
    "m=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=mid:0\r\na=ice-ufrag:old1\r\na=ice-pwd:oldoldoldoldoldoldold1\r\n"
    "m=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:1\r\na=ice-ufrag:old1\r\na=ice-pwd:oldoldoldoldoldoldold1\r\n"
)
ANSWER = OFFER.replace("v=0\r\n", "v=0\r\na=ice-lite\r\n").replace(
    "a=mid:0\r\n", "a=mid:0\r\na=candidate:1 1 udp 1 192.0.2.1 8189 typ host\r\na=end-of-candidates\r\n"
)


def test_sources_of_an_offer_are_found_in_order() -> None:
    offer = "v=0\r\nm=video 9 A 96\r\na=mid:v\r\nm=audio 9 A 111\r\na=mid:a\r\nm=video 9 A 96\r\na=mid:s\r\n"
    assert sdp_fragment.sources_of(offer) == (
        SourceLine("v", "camera"),
        SourceLine("a", "mic"),
        SourceLine("s", "screen"),
    )


def test_sources_past_those_that_we_know_are_left_out() -> None:
    assert len(sdp_fragment.sources_of(OFFER + "m=audio 9 A 111\r\na=mid:2\r\nm=application 9 A\r\na=mid:3\r\n")) == 2


def test_new_credentials_replace_all_old_ones() -> None:
    fragment = "a=ice-ufrag:new2\r\na=ice-pwd:newnewnewnewnewnewnew2\r\n"
    changed = sdp_fragment.with_credentials(OFFER, fragment)
    assert changed == OFFER.replace("oldoldoldoldoldoldold1", "newnewnewnewnewnewnew2").replace("old1", "new2")


def test_fragment_without_credentials_changes_nothing() -> None:
    assert sdp_fragment.with_credentials(OFFER, "a=candidate:1 1 udp 1 192.0.2.1 9 typ host\r\n") == OFFER


def test_half_of_the_credentials_is_refused() -> None:
    with pytest.raises(ProtocolViolation, match="sdp_malformed"):
        sdp_fragment.with_credentials(OFFER, "a=ice-ufrag:new2\r\n")


def test_fragment_of_an_answer_has_what_an_ice_restart_needs() -> None:
    assert sdp_fragment.of_answer(ANSWER).split("\r\n") == [
        "a=ice-lite",
        "a=ice-ufrag:old1",
        "a=ice-pwd:oldoldoldoldoldoldold1",
        "m=audio 9 UDP/TLS/RTP/SAVPF 111",
        "a=mid:0",
        "a=candidate:1 1 udp 1 192.0.2.1 8189 typ host",
        "a=end-of-candidates",
        "",
    ]


@given(st.text(max_size=200))
def test_any_text_is_sources_or_refused(text: str) -> None:
    try:
        assert sdp_fragment.sources_of(text)
    except ProtocolViolation as error:
        assert error.code == "sdp_malformed"
