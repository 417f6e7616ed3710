"""Publishers whose layers come, go or were never there, in virtual time: nobody's picture is lost by it."""

from __future__ import annotations

from itertools import pairwise

from bench.rtc_client import H264
from media.rtp import build_packet
from tests.scenarios.twin.lesson import Classroom, Lesson
from tests.scenarios.twin.links import link
from tests.scenarios.twin.run import follow
from tests.unit.media.media_scene import H264_UP, Scene, line

ALL = ("q", "h", "f")


def heights(classroom: Classroom) -> list[tuple[float, int]]:
    """Return `(s, lines)` of each change of what was seen."""
    shown = [(frame.at - classroom.joined_at, frame.height) for frame in classroom.video.shown]
    return shown[:1] + [after for before, after in pairwise(shown) if before[1] != after[1]]


def test_a_layer_that_comes_and_goes_every_second_is_not_followed() -> None:
    lesson = Lesson(seed=21)
    classroom = lesson.join(link((0, 5000)))
    lesson.play(3.0)
    for _ in range(3):
        lesson.browser.offer(("q", "h"))
        lesson.play(1.0)
        lesson.browser.offer(ALL)
        lesson.play(1.0)
    figures = follow(lesson, classroom, 0.5)
    assert [lines for at, lines in heights(classroom) if at > 3.0] in ([360], [180, 360])
    assert figures.worst_stall_s <= 1.0
    assert figures.corrupt == 0


def test_a_publisher_that_sends_only_its_poorest_layer_is_seen_without_a_stall() -> None:
    lesson = Lesson(seed=22, rids=("q",))
    classroom = lesson.join(link((0, 5000)))
    figures = follow(lesson, classroom, 8.0)
    assert [lines for _, lines in heights(classroom)] == [180]
    assert figures.video_stall_pct == 0
    assert figures.audio_stall_pct <= 0.2
    assert classroom.down.sent_bytes * 8 / 8.0 <= 400_000, "nobody probes for layers that do not exist"


def test_layers_that_nobody_takes_are_stopped_and_come_back_without_a_gap() -> None:
    lesson = Lesson(seed=23)
    classroom = lesson.join(link((0, 5000)))
    forwarder, room = lesson.shell.forwarder, lesson.shell.room
    forwarder.limit_slot(room, "classroom", "lecturer", 180, lesson.shell.now)
    lesson.play(12.0)
    track = room.track("lecturer", "camera")
    now = lesson.shell.now
    assert [layer.rid for layer in track.live_layers(now)] == ["q"]
    forwarder.limit_slot(room, "classroom", "lecturer", 720, now)
    figures = follow(lesson, classroom, 3.0)
    seen = [(round(at, 1), lines) for at, lines in heights(classroom) if at > 2.0]
    assert [lines for _, lines in seen] in ([720], [360, 720])
    assert seen[-1][0] <= 14.5
    assert figures.worst_stall_s <= 0.5
    assert figures.corrupt == 0


def test_a_layer_that_one_receiver_needs_is_not_stopped_for_another() -> None:
    lesson = Lesson(seed=24)
    weak = lesson.join(link((0, 250)), "weak")
    lesson.join(link((0, 5000)), "strong")
    lesson.play(10.5)
    live = {layer.rid for layer in lesson.shell.room.track("lecturer", "camera").live_layers(lesson.shell.now)}
    assert live >= {"q", "f"}
    assert weak.video.shown[-1].height == 180


def test_h264_in_one_layer_is_forwarded_as_it_comes() -> None:
    scene = Scene(seed=25)
    publisher = scene.publisher("whip", {"camera": line("v", "video", H264_UP, ssrcs=(30,))})
    pupil = scene.subscriber(known_bps=2_000_000)
    scene.fill("pupil", "lecturer", "whip")
    keyframe = bytes.fromhex("67 42 c0 1f 8c 8d 40 50 1e d0 0f 08 84 6a")  # SPS of 1280 x 720
    for number in range(60):
        payload = keyframe if number == 0 else b"\x65" + bytes(900) if number == 1 else b"\x41" + bytes(900)
        packet = build_packet(H264, number, 3_000 * max(1, number), 30, payload, marker=number > 0)
        scene.arrive(publisher, packet)
        scene.pass_time(0.04)
    layer = publisher.layers()[0]
    assert layer.top_tid == 0
    assert len(layer.view(scene.now).costs) == 1
    assert 150_000 <= layer.view(scene.now).costs[0] <= 350_000
    assert pupil.slots["lecturer"].layer is layer
    assert len(scene.sent["pupil"]) >= 59
