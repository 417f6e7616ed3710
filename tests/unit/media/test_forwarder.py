"""Rooms, layers and who is asked for what."""

from __future__ import annotations

import itertools

import pytest

from bench.rtc_client import RTX, VP8, OpusSource, Vp8Source
from media import rtcp
from media.control import TrackChanged
from media.publisher import Publisher
from media.rtp import ExtensionIds, build_extensions, build_packet, wrap_rtx
from media.sdp import NegotiatedMedia
from media.tap import Closed, Opened, Packet, Report, TapReader
from media.tap_feed import TapFeed
from tests.unit.media.media_scene import OPUS_UP, VP8_UP, Scene, Seen, check_continuity, is_key, line, payload

FRAME = 3000
SIMULCAST = ExtensionIds(mid=4, rid=10, repaired_rid=11, twcc=3)
HEIGHTS = {"q": 90, "h": 180, "f": 360}


def simulcast() -> NegotiatedMedia:
    return NegotiatedMedia("v", "video", (VP8_UP,), SIMULCAST, rids=("q", "h", "f"))


class Camera:
    """Three layers of one camera, as Chromium sends them."""

    def __init__(self, scene: Scene, publisher: Publisher) -> None:
        self.scene = scene
        self.publisher = publisher
        self.sizes = {"q": 1, "h": 2, "f": 5}
        self.layers = {
            rid: Vp8Source(100 + number, packet_bytes=600, height=HEIGHTS[rid]) for number, rid in enumerate("qhf")
        }
        self.twcc = 0
        for number, source in enumerate(self.layers.values()):
            source.timestamp = 1_000_000_007 * (number + 1) & 0xFFFFFFFF

    def frame(self, rids: str, *, key: bool = False) -> None:
        for rid in rids:
            packets = []
            for packet in self.layers[rid].frame(self.sizes[rid], FRAME, key=key):
                self.twcc += 1
                block = build_extensions([(3, self.twcc.to_bytes(2, "big")), (4, b"v"), (10, rid.encode())])
                header = bytes([packet[0] | 0x10]) + packet[1:12]
                packets.append(header + block + packet[12:])
            self.scene.arrive(self.publisher, *packets)
        self.scene.pass_time(1 / 30, step=1 / 60)

    def wanted(self) -> bool:
        return bool(self.scene.asked(rtcp.Pli))


def test_a_receiver_climbs_to_the_layer_that_its_link_carries_and_falls_at_once() -> None:
    scene = Scene()
    camera = Camera(scene, scene.publisher("teacher", {"camera": simulcast()}))
    pupil = scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    down = pupil.slots["lecturer"]
    pupil.on_rtcp(rtcp.Remb(1, 2_000_000, ()), scene._out, scene.now)
    for number in range(120):
        camera.frame("qhf", key=number == 0 or camera.wanted())
        if number % 30 == 0:
            pupil.on_rtcp(rtcp.Remb(1, 2_000_000, ()), scene._out, scene.now)
    assert down.layer is not None
    assert down.layer.rid == "f"
    pupil.on_rtcp(rtcp.Remb(1, 250_000, ()), scene._out, scene.now)
    for _ in range(60):
        camera.frame("qhf", key=camera.wanted())
    assert down.layer.rid == "q"
    packets = scene.sent["pupil"]
    check_continuity(packets)
    steps = [Seen(b).timestamp - Seen(a).timestamp & 0xFFFFFFFF for a, b in itertools.pairwise(packets)]
    assert max(steps) < 20 * FRAME


def test_limits_choose_the_layer_and_zero_sends_nothing() -> None:
    scene = Scene()
    camera = Camera(scene, scene.publisher("teacher", {"camera": simulcast()}))
    pupil = scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    pupil.on_rtcp(rtcp.Remb(1, 5_000_000, ()), scene._out, scene.now)
    for number in range(60):
        camera.frame("qhf", key=number == 0 or camera.wanted())
    scene.forwarder.limit_slot(scene.room, "pupil", "lecturer", 180, scene.now)
    for _ in range(60):
        camera.frame("qhf", key=camera.wanted())
    layer = pupil.slots["lecturer"].layer
    assert layer is not None
    assert layer.height == 180
    scene.forwarder.limit_slot(scene.room, "pupil", "lecturer", 0, scene.now)
    count = len(scene.sent["pupil"])
    for _ in range(10):
        camera.frame("qhf", key=camera.wanted())
    assert len(scene.sent["pupil"]) == count


def test_a_layer_that_stops_is_replaced_by_one_that_flows() -> None:
    scene = Scene()
    camera = Camera(scene, scene.publisher("teacher", {"camera": simulcast()}))
    pupil = scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    pupil.on_rtcp(rtcp.Remb(1, 5_000_000, ()), scene._out, scene.now)
    for number in range(60):
        camera.frame("qhf", key=number == 0 or camera.wanted())
    for _ in range(45):
        camera.frame("q", key=camera.wanted())
    layer = pupil.slots["lecturer"].layer
    assert layer is not None
    assert layer.rid == "q"
    check_continuity(scene.sent["pupil"])


def test_layer_switch_keeps_time_by_the_senders_reports() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": simulcast()})
    camera = Camera(scene, publisher)
    pupil = scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    scene.forwarder.limit_slot(scene.room, "pupil", "lecturer", 90, scene.now)
    pupil.on_rtcp(rtcp.Remb(1, 5_000_000, ()), scene._out, scene.now)
    for number in range(30):
        camera.frame("qhf", key=number == 0 or camera.wanted())
    for source in camera.layers.values():
        scene.sender_report(publisher, source.ssrc, source.timestamp)
    scene.forwarder.limit_slot(scene.room, "pupil", "lecturer", 360, scene.now)
    for _ in range(60):
        camera.frame("qhf", key=camera.wanted())
    packets = scene.sent["pupil"]
    steps = [Seen(b).timestamp - Seen(a).timestamp & 0xFFFFFFFF for a, b in itertools.pairwise(packets)]
    # 900: the poorer layer had shown the same picture already, and time may not stand still; the next makes up for it
    assert set(steps) <= {0, 900, FRAME - 900, FRAME}, "exact, whatever the arrival"
    assert steps.count(900) == steps.count(FRAME - 900)


def test_layers_are_learned_although_the_first_line_lists_no_rid() -> None:
    scene = Scene()
    voice = NegotiatedMedia("a", "audio", (OPUS_UP,), ExtensionIds(mid=4, twcc=3))
    publisher = scene.publisher("teacher", {"mic": voice, "camera": simulcast()})
    camera = Camera(scene, publisher)
    camera.frame("qhf", key=True)
    assert set(scene.room.track("teacher", "camera").layers) == {"q", "h", "f"}
    assert not scene.room.track("teacher", "mic").layers


def test_rtx_of_a_layer_is_unwrapped_by_its_repaired_rid() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": simulcast()})
    camera = Camera(scene, publisher)
    scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    camera.frame("q", key=True)
    lost = camera.layers["q"].frame(1, FRAME)[0]
    camera.frame("q")
    rtx = wrap_rtx(lost, RTX, 900, 5)
    block = build_extensions([(4, b"v"), (11, b"q")])
    scene.arrive(publisher, bytes([rtx[0] | 0x10]) + rtx[1:12] + block + rtx[12:])
    assert len(scene.sent["pupil"]) == 3
    check_continuity(sorted(scene.sent["pupil"], key=lambda packet: Seen(packet).seq))


def test_keyframes_are_asked_for_once_a_second_whoever_wants_them() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": line("v", "video", VP8_UP, ssrcs=(10,))})
    source = Vp8Source(10)
    pupils = [scene.subscriber(f"p{number}") for number in range(10)]
    for pupil in pupils:
        scene.fill(pupil.peer, "lecturer", "teacher")
    scene.arrive(publisher, *source.frame(2, FRAME))
    for pupil in pupils:
        scene.report(pupil, rtcp.build_pli(1, pupil.slots["lecturer"].ssrc))
    assert len(scene.asked(rtcp.Pli)) == 1
    scene.pass_time(0.1)
    scene.arrive(publisher, *source.frame(2, FRAME, key=True))
    assert all(is_key(scene.sent[pupil.peer][0]) for pupil in pupils)


def test_a_late_joiner_gets_a_recent_keyframe_from_the_cache() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": line("v", "video", VP8_UP, ssrcs=(10,))})
    source = Vp8Source(10, packet_bytes=400)
    scene.arrive(publisher, *source.frame(2, FRAME, key=True))
    scene.pass_time(1 / 30)
    scene.arrive(publisher, *source.frame(2, FRAME))
    scene.pass_time(0.2)
    scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    scene.arrive(publisher, *source.frame(2, FRAME))
    packets = scene.sent["pupil"]
    assert len(packets) == 6
    assert is_key(packets[0])
    check_continuity(packets)


def test_an_empty_slot_takes_a_large_keyframe_from_the_cache_but_not_a_long_tail() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": line("v", "video", VP8_UP, ssrcs=(10,))})
    source = Vp8Source(10, packet_bytes=1000)
    scene.arrive(publisher, *source.frame(15, FRAME, key=True))
    for number in range(20):
        scene.pass_time(1 / 30)
        scene.arrive(publisher, *source.frame(1, FRAME))
        if number == 6:
            scene.subscriber("early", known_bps=0)
            scene.fill("early", "lecturer", "teacher")
    scene.subscriber("late", known_bps=0)
    scene.fill("late", "lecturer", "teacher")
    scene.arrive(publisher, *source.frame(1, FRAME))
    assert is_key(scene.sent["early"][0]), "7 kB after the keyframe are 0.4 s of what is sent at first"
    check_continuity(scene.sent["early"])
    assert not scene.sent["late"], "21 kB are not"
    assert scene.asked(rtcp.Pli)


def test_a_track_is_told_when_it_begins_and_when_it_falls_silent() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"mic": line("a", "audio", OPUS_UP, ssrcs=(11,))})
    source = OpusSource(11)
    scene.arrive(publisher, source.packet())
    assert scene.forwarder.poll_news() == [TrackChanged("r", "teacher", "mic", True, "opus")]
    scene.pass_time(3.5)
    assert scene.forwarder.poll_news() == [TrackChanged("r", "teacher", "mic", False)]
    scene.arrive(publisher, source.packet())
    assert scene.forwarder.poll_news() == [TrackChanged("r", "teacher", "mic", True, "opus")]
    scene.forwarder.set_source(scene.room, "teacher", "mic", False)
    scene.arrive(publisher, source.packet())
    assert scene.forwarder.poll_news() == [TrackChanged("r", "teacher", "mic", False)]
    scene.forwarder.set_source(scene.room, "teacher", "mic", True)
    scene.arrive(publisher, source.packet())
    assert scene.forwarder.poll_news() == [TrackChanged("r", "teacher", "mic", True, "opus")]


def test_a_new_publisher_of_the_same_peer_goes_on_in_the_same_slot() -> None:
    scene = Scene()
    media = line("v", "video", VP8_UP, ssrcs=(10,))
    publisher = scene.publisher("teacher", {"camera": media})
    scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    source = Vp8Source(10)
    scene.arrive(publisher, *source.frame(2, FRAME, key=True))
    scene.pass_time(0.5)
    publisher = scene.publisher("teacher", {"camera": line("v", "video", VP8_UP, ssrcs=(50,))})
    scene.arrive(publisher, *Vp8Source(50).frame(2, FRAME, key=True))
    assert len(scene.sent["pupil"]) == 4
    check_continuity(scene.sent["pupil"])


def test_closing_a_room_or_peer_leaves_nothing_behind() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": line("v", "video", VP8_UP, ssrcs=(10,))})
    scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    scene.arrive(publisher, *Vp8Source(10).frame(2, FRAME, key=True))
    scene.forwarder.remove_peer(scene.room, "teacher", None)
    scene.forwarder.remove_peer(scene.room, "pupil", None)
    assert not scene.room.tracks
    assert not scene.room.publishers
    scene.forwarder.close_room("r")
    assert not scene.forwarder.rooms


def test_transport_feedback_names_a_real_ssrc() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": simulcast()})
    camera = Camera(scene, publisher)
    for number in range(5):
        camera.frame("q", key=number == 0)
    feedback = scene.asked(rtcp.TransportFeedback)
    assert feedback
    assert all(item.media_ssrc == 100 for item in feedback)


@pytest.mark.parametrize("size", [0, 1, 11, 12, 13, 20])
def test_broken_packets_change_nothing(size: int) -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": line("v", "video", VP8_UP, ssrcs=(10,))})
    scene.subscriber()
    scene.fill("pupil", "lecturer", "teacher")
    source = Vp8Source(10)
    scene.arrive(publisher, *source.frame(2, FRAME, key=True))
    for first in range(0, 256, 5):
        scene.arrive(publisher, (bytes([first, VP8]) + b"\xff" * 40)[:size])
    scene.arrive(publisher, build_packet(VP8, source.seq + 1, 0, 10, b"\x90"))
    source.seq += 1
    scene.arrive(publisher, *source.frame(2, FRAME))
    assert len(scene.sent["pupil"]) == 4


def test_the_tap_carries_the_upper_layers_as_they_came() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": simulcast(), "mic": line("a", "audio", OPUS_UP, ssrcs=(11,))})
    camera, voice = Camera(scene, publisher), OpusSource(11)
    tap = TapFeed("r", "/nowhere")
    scene.forwarder.set_tap(scene.room, tap)
    for number in range(30):
        camera.frame("qhf", key=number == 0 or camera.wanted())
        scene.arrive(publisher, voice.packet())
    scene.sender_report(publisher, 11, voice.timestamp)
    scene.forwarder.remove_peer(scene.room, "teacher", None)
    items = TapReader().feed(tap.take(1 << 24))
    opened = {item.track: item.description for item in items if isinstance(item, Opened)}
    assert {(one.source, one.layer, one.codec) for one in opened.values()} == {
        ("camera", "h", "vp8"),
        ("camera", "f", "vp8"),
        ("mic", "", "opus"),
    }
    mic = next(track for track, one in opened.items() if one.source == "mic")
    assert voice.packet()[12:] == next(i.data[12:] for i in items if isinstance(i, Packet) and i.track == mic)
    assert [item.rtp_timestamp for item in items if isinstance(item, Report)] == [voice.timestamp - 960]
    assert {item.track for item in items if isinstance(item, Closed)} == set(opened)


def test_a_private_voice_is_never_copied_to_the_recorder() -> None:
    scene = Scene()
    publisher = scene.publisher(
        "teacher",
        {"mic": line("a", "audio", OPUS_UP, ssrcs=(11,)), "line": line("b", "audio", OPUS_UP, ssrcs=(12,))},
    )
    voice, private = OpusSource(11), OpusSource(12)
    tap = TapFeed("r", "/nowhere")
    scene.forwarder.set_tap(scene.room, tap)
    for _ in range(100):
        scene.arrive(publisher, voice.packet())
        scene.arrive(publisher, private.packet())
        scene.pass_time(0.02)
    assert scene.room.tracks[("teacher", "line")].is_heard, "it arrives"
    items = TapReader().feed(tap.take(1 << 24))
    opened = [item for item in items if isinstance(item, Opened)]
    assert [item.description.source for item in opened] == ["mic"]
    assert {item.track for item in items if isinstance(item, Packet)} == {opened[0].track}


def test_the_tap_takes_the_poorest_layer_while_it_is_all_there_is() -> None:
    scene = Scene()
    camera = Camera(scene, scene.publisher("teacher", {"camera": simulcast()}))
    tap = TapFeed("r", "/nowhere")
    scene.forwarder.set_tap(scene.room, tap)
    for number in range(120):
        camera.frame("q", key=number == 0 or camera.wanted())
    assert [item.description.layer for item in TapReader().feed(tap.take()) if isinstance(item, Opened)] == ["q"]


def test_the_tap_keeps_upper_layers_open_whichever_pauses() -> None:
    scene = Scene()
    camera = Camera(scene, scene.publisher("teacher", {"camera": simulcast()}))
    tap = TapFeed("r", "/nowhere")
    scene.forwarder.set_tap(scene.room, tap)
    for number, rids in enumerate(("qhf", "hf", "qh", "q", "f", "qf", "qhf")):
        for frame in range(30):
            camera.frame(rids, key=(number == 0 and frame == 0) or camera.wanted())
    items = TapReader().feed(tap.take(1 << 24))
    assert sorted(item.description.layer for item in items if isinstance(item, Opened)) == ["f", "h"]
    assert not any(isinstance(item, Closed) for item in items)


def test_the_recorder_gets_a_keyframe_at_the_beginning_and_whenever_it_asks() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"camera": line("v", "video", VP8_UP, ssrcs=(10,))})
    tap = TapFeed("r", "/nowhere")
    scene.forwarder.set_tap(scene.room, tap)
    source = Vp8Source(10)
    asked = []
    for number in range(30 * 14):
        wants = bool(scene.asked(rtcp.Pli))
        if wants:
            asked.append(number)
        scene.arrive(publisher, *source.frame(1, FRAME, key=wants or number == 0))
        if number == 300:
            (opened,) = [item for item in TapReader().feed(tap.take(1 << 24)) if isinstance(item, Opened)]
            scene.forwarder.want_keyframe(scene.room, opened.track, scene.now)
        scene.pass_time(1 / 30, step=1 / 30)
    assert len(asked) == 2
    assert asked[1] == 301


def test_audio_with_nobody_to_send_it_to_is_no_burden() -> None:
    scene = Scene()
    publisher = scene.publisher("teacher", {"mic": line("a", "audio", OPUS_UP, ssrcs=(11,))})
    source = OpusSource(11)
    for _ in range(10):
        scene.arrive(publisher, source.packet())
    assert not scene.forwarder.has_pending
    scene.subscriber()
    scene.fill("pupil", "audio0", "teacher", "mic")
    scene.arrive(publisher, source.packet())
    assert payload(scene.sent["pupil"][0]) == bytes(source._payload)
