from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given, settings, strategies as st

from media import sdp

CORPUS = Path(__file__).parent / "corpus"
OFFERS = sorted(path for path in CORPUS.glob("*.sdp") if not path.stem.endswith("answer"))
LOCAL = sdp.LocalTransport("serverab", "p" * 24, ":".join(["AB"] * 32), ("192.0.2.1", "2001:db8::1"), 8189)
SLOTS = (
    sdp.OfferSlot("lecturer", "video", 1000, 1001),
    sdp.OfferSlot("screen", "video", 1002, 1003),
    sdp.OfferSlot("audio0", "audio", 1004),
)


def read(name: str) -> str:
    return (CORPUS / f"{name}.sdp").read_bytes().decode()


def sections(text: str) -> list[str]:
    return text.split("m=")[1:]


def test_simulcast_offer_of_chromium_is_answered_in_full() -> None:
    agreed = sdp.answer_publish(read("chromium156_simulcast"), LOCAL, session_id=1)
    audio, camera, screen = agreed.media
    assert (audio.kind, audio.codecs[0].name, audio.codecs[0].payload_type) == ("audio", "opus", 111)
    assert (audio.extensions.audio_level, audio.extensions.twcc, audio.extensions.mid) == (1, 3, 4)
    assert audio.codecs[0].nack
    assert audio.red_payload_type == 0
    assert [(c.name, c.payload_type, c.rtx_payload_type) for c in camera.codecs] == [("vp8", 96, 97)]
    assert camera.rids == ("q", "h", "f")
    assert (camera.extensions.rid, camera.extensions.repaired_rid) == (10, 11)
    assert camera.codecs[0].nack
    assert camera.codecs[0].pli
    assert camera.codecs[0].transport_cc
    assert screen.rids == ("l", "h")
    assert agreed.remote is not None
    assert agreed.remote.ufrag == "B3pt"
    assert agreed.remote.dtls_role == "server"
    text = agreed.sdp
    assert "a=ice-lite\r\n" in text
    assert "a=group:BUNDLE 0 1 2\r\n" in text
    assert "a=rid:q recv\r\n" in text
    assert "a=simulcast:recv q;h;f\r\n" in text
    assert "a=fmtp:111 minptime=10;useinbandfec=1;maxaveragebitrate=20000\r\n" in text
    assert "a=setup:passive\r\n" in text
    assert text.count("a=candidate:") == 2
    assert "usedtx=1" not in text


def test_plain_offer_keeps_ssrcs_and_rejects_the_data_channel() -> None:
    agreed = sdp.answer_publish(read("chromium156_plain"), LOCAL, session_id=1)
    audio, video, data = agreed.media
    assert len(audio.ssrcs) == 1
    assert not audio.rtx_ssrcs
    assert list(video.rtx_ssrcs) == list(video.ssrcs)
    assert not data.active
    assert "m=application 0 " in agreed.sdp
    assert "a=group:BUNDLE 0 1\r\n" in agreed.sdp


def only_h264(text: str) -> str:
    return text.replace("VP8/90000", "VP7/90000")


def test_h264_is_taken_with_the_profile_that_everyone_decodes() -> None:
    agreed = sdp.answer_publish(only_h264(read("chromium156_plain")), LOCAL, session_id=1)
    codec = agreed.media[1].codecs[0]
    assert (codec.name, codec.payload_type, codec.rtx_payload_type) == ("h264", 108, 109)
    assert "a=fmtp:108 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f\r\n" in agreed.sdp


def test_simulcast_without_rid_extension_is_answered_as_one_encoding() -> None:
    offer = read("chromium156_simulcast").replace("rtp-hdrext:sdes:rtp-stream-id", "rtp-hdrext:sdes:unknown")
    agreed = sdp.answer_publish(offer, LOCAL, session_id=1)
    assert agreed.media[1].rids == ()
    assert "a=simulcast" not in agreed.sdp


def test_passive_client_makes_us_the_dtls_client() -> None:
    agreed = sdp.answer_publish(read("chromium156_plain").replace("actpass", "passive"), LOCAL, session_id=1)
    assert agreed.remote is not None
    assert agreed.remote.dtls_role == "client"
    assert "a=setup:active\r\n" in agreed.sdp


def test_extension_directions_are_answered_reversed() -> None:
    offer = read("chromium156_plain").replace("extmap:1 urn", "extmap:1/sendonly urn")
    assert "a=extmap:1/recvonly urn:ietf:params:rtp-hdrext:ssrc-audio-level\r\n" in (
        sdp.answer_publish(offer, LOCAL, session_id=1).sdp
    )


@pytest.mark.parametrize("path", OFFERS, ids=lambda path: path.stem)
def test_every_offer_of_the_corpus_is_answered(path: Path) -> None:
    offer = path.read_bytes().decode()
    answer = sdp.answer_subscribe if "whep" in path.stem else None
    if answer is not None:
        agreed = answer(offer, LOCAL, SLOTS, session_id=1)
    else:
        agreed = sdp.answer_publish(offer, LOCAL, session_id=1)
    assert any(media.active for media in agreed.media)
    assert len(sections(agreed.sdp)) == len(sections(offer))
    assert agreed.remote == sdp.read_remote(offer)


def test_offer_to_a_receiver_has_what_browsers_need() -> None:
    offered = sdp.offer_subscribe(SLOTS, LOCAL, session_id=7)
    lecturer, screen, audio = sections(offered.sdp)
    assert "a=ssrc-group:FID 1000 1001\r\n" in lecturer
    assert "a=msid:screen screen-video\r\n" in screen
    assert "a=msid:lecturer lecturer-video\r\n" in lecturer
    assert "a=msid:lecturer lecturer-audio\r\n" in audio, "face and voice are played in step"
    assert "ssrc-group" not in audio, "Chromium refuses an offer with an audio FID group"
    assert "a=rtcp-fb:111 nack\r\n" in audio
    assert audio.startswith("audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n"), "who knows no RED takes the line as it is"
    assert "a=rtpmap:63 red/48000/2\r\na=fmtp:63 111/111\r\n" in audio
    assert "red" not in lecturer
    assert all("a=setup:actpass\r\n" in section and "a=sendonly\r\n" in section for section in (lecturer, audio))
    assert "playout-delay" in lecturer
    assert "playout-delay" not in audio
    assert [media.mid for media in offered.media] == ["0", "1", "2"]
    assert offered.remote is None


def test_restart_changes_nothing_but_the_credentials() -> None:
    first = sdp.offer_subscribe(SLOTS, LOCAL, session_id=7).sdp
    renewed = sdp.LocalTransport("serverxy", "q" * 24, LOCAL.fingerprint, LOCAL.addresses, LOCAL.port)
    second = sdp.offer_subscribe(SLOTS, renewed, session_id=7, version=2).sdp
    changed = {line.split(":")[0] for line in second.splitlines() if line not in first.splitlines()}
    assert changed == {"o=- 7 2 IN IP4 0.0.0.0", "a=ice-ufrag", "a=ice-pwd"}


def chromium_slots() -> list[sdp.OfferSlot]:
    names = ["lecturer", "screen", "guest", *(f"tile{n}" for n in range(6))]
    slots = [sdp.OfferSlot(name, "video", 2000 + 2 * n, 2001 + 2 * n) for n, name in enumerate(names)]
    return slots + [sdp.OfferSlot(f"audio{n}", "audio", 2018 + 2 * n) for n in range(3)]


def test_answer_of_chromium_is_accepted_with_audio_nack() -> None:
    offered = sdp.offer_subscribe(chromium_slots(), LOCAL, session_id=7)
    accepted = sdp.accept_answer(offered, read("chromium156_answer"))
    assert all(media.active for media in accepted.media)
    assert [codec.name for codec in accepted.media[0].codecs] == ["vp8", "h264"]
    assert accepted.media[0].codecs[0].rtx_payload_type == 97
    assert accepted.media[0].extensions.playout_delay == 3
    assert accepted.media[9].codecs[0].nack, "Chromium drops the line but sends the NACKs"
    assert accepted.remote is not None
    assert accepted.remote.dtls_role == "server"


def test_simulcast_offer_of_firefox_has_rids_and_ssrcs() -> None:
    camera = sdp.answer_publish(read("firefox153_simulcast"), LOCAL, session_id=1).media[1]
    assert camera.rids == ("q", "h", "f")
    assert len(camera.ssrcs) == 3
    assert set(camera.rtx_ssrcs) == set(camera.ssrcs)


def test_answer_of_firefox_is_accepted() -> None:
    offered = sdp.offer_subscribe(chromium_slots(), LOCAL, session_id=7)
    accepted = sdp.accept_answer(offered, read("firefox153_answer"))
    assert all(media.active for media in accepted.media)
    assert accepted.media[9].extensions.twcc == 2


def with_red(answer: str, fmtp: str = "111/111", rate: str = "48000/2") -> str:
    """Return Chromium's answer as it is when our offer has RED."""
    lines = f"a=rtpmap:63 red/{rate}\r\n" + (f"a=fmtp:63 {fmtp}\r\n" if fmtp else "")
    answer = answer.replace("m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n", "m=audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n")
    return answer.replace("a=rtpmap:111 opus/48000/2\r\n", "a=rtpmap:111 opus/48000/2\r\n" + lines)


@pytest.mark.parametrize(
    ("answer", "red"),
    [
        (with_red(read("chromium156_answer")), 63),
        (with_red(read("chromium156_answer"), fmtp=""), 63),
        (with_red(read("chromium156_answer"), fmtp="111/96"), 0),
        (with_red(read("chromium156_answer"), rate="8000"), 0),
        (with_red(read("chromium156_answer")).replace("a=rtpmap:63 red", "a=rtpmap:63 telephone-event"), 0),
        (read("chromium156_answer"), 0),
        (read("firefox153_answer"), 0),
    ],
)
def test_red_is_sent_only_to_who_takes_it(answer: str, red: int) -> None:
    accepted = sdp.accept_answer(sdp.offer_subscribe(chromium_slots(), LOCAL, session_id=7), answer)
    assert [media.red_payload_type for media in accepted.media] == [0] * 9 + [red] * 3
    assert accepted.media[9].codecs[0].payload_type == 111


def test_whep_answer_has_red_where_the_client_offers_it() -> None:
    text = read("chromium156_whep")
    agreed = sdp.answer_subscribe(text, LOCAL, SLOTS, session_id=3)
    assert agreed.media[0].red_payload_type == 63
    audio, video = sections(agreed.sdp)
    assert audio.startswith("audio 9 UDP/TLS/RTP/SAVPF 111 63\r\n")
    assert agreed.media[1].red_payload_type == 0, "RED around video is something else"
    assert "red" not in video
    without = sdp.answer_subscribe(text.replace("red/48000", "rad/48000"), LOCAL, SLOTS, session_id=3)
    assert without.media[0].red_payload_type == 0
    assert "red" not in without.sdp


def test_ffmpeg_is_answered_as_dtls_client() -> None:
    agreed = sdp.answer_publish(read("ffmpeg8_whip"), LOCAL, session_id=1)
    audio, video = agreed.media
    assert agreed.remote is not None
    assert agreed.remote.dtls_role == "client"
    assert (audio.ssrcs, video.ssrcs, video.rtx_ssrcs) == ((1624573603,), (1624573604,), {1624573604: 1624573605})
    assert video.codecs[0].name == "h264"
    assert not video.codecs[0].pli
    assert "a=fmtp:106 level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42001e\r\n" in agreed.sdp


def test_answer_without_h264_and_twcc_is_narrowed() -> None:
    offered = sdp.offer_subscribe(chromium_slots(), LOCAL, session_id=7)
    answer = read("chromium156_answer").replace("H264/90000", "H265/90000").replace("transport-cc", "goog-remb")
    codecs = sdp.accept_answer(offered, answer).media[0].codecs
    assert [(codec.name, codec.transport_cc) for codec in codecs] == [("vp8", False)]


def test_answer_to_other_lines_is_malformed() -> None:
    offered = sdp.offer_subscribe(SLOTS, LOCAL, session_id=7)
    with pytest.raises(sdp.SdpError) as refused:
        sdp.accept_answer(offered, read("chromium156_answer"))
    assert refused.value.code == "sdp_malformed"


def test_whep_offer_gets_the_first_slot_of_each_kind() -> None:
    agreed = sdp.answer_subscribe(read("chromium156_whep"), LOCAL, SLOTS, session_id=3)
    audio, video = agreed.media
    assert (audio.ssrcs, audio.rtx_ssrcs) == ((1004,), {})
    assert (video.ssrcs, video.rtx_ssrcs) == ((1000,), {1000: 1001})
    assert {codec.name for codec in video.codecs} == {"vp8", "h264"}
    assert "a=ssrc-group:FID 1000 1001\r\n" in agreed.sdp


def test_offer_without_a_codec_of_ours_says_so_in_chinese() -> None:
    offer = read("chromium156_plain").replace("opus/48000", "speex/48000")
    for name in ("VP8/90000", "H264/90000"):
        offer = offer.replace(name, "VP7/90000")
    with pytest.raises(sdp.SdpError) as refused:
        sdp.answer_publish(offer, LOCAL, session_id=1)
    assert refused.value.code == "codec_unsupported"
    assert "编码" in refused.value.detail


@pytest.mark.parametrize(
    "spoil",
    [
        lambda text: "",
        lambda text: "v=1",
        lambda text: text.replace("v=0\r\n", ""),
        lambda text: text + "a=" + "x" * 70_000,
        lambda text: text + "教" * 30_000,
        lambda text: text.split("m=")[0],
        lambda text: text.replace("a=fingerprint", "a=finger"),
        lambda text: text.replace("a=ice-pwd", "a=ice-no"),
        lambda text: text.replace("actpass", "sideways"),
        lambda text: text.replace("a=mid:1", "a=mid:0"),
        lambda text: text.replace("a=mid:1", "a=mid:1 2"),
        lambda text: text.replace("111 opus/48000/2", "111 opus"),
        lambda text: text.replace("rtpmap:111", "rtpmap:１１１"),
        lambda text: text.replace("a=ssrc:", "a=ssrc:9999999999"),
        lambda text: text.replace("a=group:BUNDLE 0 1 2", "a=group:BUNDLE x"),
        lambda text: text + "\r\nnonsense",
    ],
)
def test_spoilt_offers_are_malformed(spoil: Callable[[str], str]) -> None:
    with pytest.raises(sdp.SdpError) as refused:
        sdp.answer_publish(spoil(read("chromium156_plain")), LOCAL, session_id=1)
    assert refused.value.code == "sdp_malformed"
    assert "SDP" in refused.value.detail


def answer_anything(text: str) -> None:
    actions: tuple[Callable[[], object], ...] = (
        lambda: sdp.answer_publish(text, LOCAL, session_id=1),
        lambda: sdp.answer_subscribe(text, LOCAL, SLOTS, session_id=1),
        lambda: sdp.accept_answer(sdp.offer_subscribe(SLOTS, LOCAL, session_id=1), text),
    )
    for action in actions:
        try:
            action()
        except sdp.SdpError as refused:
            assert refused.code in ("sdp_malformed", "codec_unsupported")


@given(st.text(max_size=300))
def test_any_text_is_answered_or_refused(text: str) -> None:
    answer_anything(text)
    answer_anything("v=0\r\nm=audio 9 UDP/TLS/RTP/SAVPF 111\r\na=" + text)


LINES = [line for path in OFFERS for line in path.read_bytes().decode().splitlines()]


@settings(max_examples=60, deadline=None)
@given(
    st.sampled_from(OFFERS),
    st.lists(st.tuples(st.integers(0, 400), st.sampled_from(LINES) | st.text(max_size=30)), min_size=1, max_size=6),
)
def test_offers_with_foreign_lines_are_answered_or_refused(path: Path, changes: list[tuple[int, str]]) -> None:
    lines = path.read_bytes().decode().splitlines()
    for position, line in changes:
        lines[position % len(lines)] = line
    answer_anything("\r\n".join(lines))


@given(st.sampled_from(OFFERS), st.integers(0, 10_000))
def test_cut_offers_are_answered_or_refused(path: Path, length: int) -> None:
    answer_anything(path.read_bytes().decode()[:length])
