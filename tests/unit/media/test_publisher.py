"""A sender whose streams pause and go on."""

from __future__ import annotations

import pytest

from bench.rtc_client import OPUS, VP8, Vp8Source
from media import rtcp
from media.control import Source
from media.publisher import MAX_ROUTES, Line, Publisher
from media.rtp import ExtensionIds, build_extensions, build_packet
from media.sdp import NegotiatedCodec, NegotiatedMedia
from media.up_track import UpTrack
from tests.unit.media.media_scene import VP8_UP

IDS = ExtensionIds(mid=1, rid=2)


@pytest.fixture
def publisher() -> Publisher:
    """A lecturer's browser: camera on mid 1, screen on mid 2, each in two layers told by RID alone."""
    made = Publisher("lecturer", 1, 0.0)
    sources: dict[str, Source] = {"1": "camera", "2": "screen"}
    media = [NegotiatedMedia(mid, "video", (VP8_UP,), IDS, rids=("l", "h")) for mid in sources]
    made.negotiate(media, {mid: UpTrack("lecturer", source) for mid, source in sources.items()})
    return made


def arrives(publisher: Publisher, source: Vp8Source, *names: tuple[int, bytes]) -> bool:
    [frame] = source.frame(1, 3_000, key=True)
    packet = build_packet(
        VP8, source.seq, source.timestamp, source.ssrc, frame[12:], extensions=build_extensions(names)
    )
    return publisher.on_rtp(bytes(packet), 0, 1.0) is not None


def screen(publisher: Publisher) -> Line:
    return publisher.lines[1]


def test_a_screen_that_is_shared_again_is_known_by_its_ssrc(publisher: Publisher) -> None:
    upper = Vp8Source(0x222)
    assert arrives(publisher, upper, (1, b"2"), (2, b"h"))
    track = screen(publisher).track
    track.is_active = False
    track.clear()
    publisher.forget(track)
    assert not arrives(publisher, upper)
    track.is_active = True
    assert arrives(publisher, upper)
    assert list(track.layers) == ["h"]


def test_an_ssrc_that_never_said_its_name_stays_unknown(publisher: Publisher) -> None:
    assert not arrives(publisher, Vp8Source(0x333))


def test_names_are_kept_for_so_many_ssrcs_only(publisher: Publisher) -> None:
    track = screen(publisher).track
    for ssrc in range(1, MAX_ROUTES + 10):
        assert arrives(publisher, Vp8Source(ssrc), (1, b"2"), (2, b"h"))
        publisher.forget(track)
    assert not arrives(publisher, Vp8Source(1))
    assert arrives(publisher, Vp8Source(MAX_ROUTES + 9))


@pytest.mark.parametrize("has_video", [True, False])
def test_a_voice_is_asked_for_again_only_beside_pictures(has_video: bool) -> None:
    publisher = Publisher("lecturer", 1, 0.0)
    opus = NegotiatedCodec("opus", OPUS, 0, 48_000, True, False, True)
    lines = [
        NegotiatedMedia("0", "audio", (opus,), ExtensionIds(), ssrcs=(10,)),
        NegotiatedMedia("1", "video", (VP8_UP,), ExtensionIds(), ssrcs=(20,)),
    ]
    publisher.negotiate(lines, {"0": UpTrack("lecturer", "mic"), "1": UpTrack("lecturer", "camera")})
    if has_video:
        assert arrives(publisher, Vp8Source(20))
    for seq in (1, 2, 4, 5):
        publisher.on_rtp(bytes(build_packet(OPUS, seq, seq * 960, 10, b"frame")), 0, 1.0)
    asked = [
        packet.seqs
        for data in publisher.poll_feedback(1.1)
        for packet in rtcp.parse_compound(data)[0]
        if isinstance(packet, rtcp.Nack)
    ]
    assert asked == ([(3,)] if has_video else [])
