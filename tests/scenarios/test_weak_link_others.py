"""One weak receiver changes nothing for the others and the recording, in virtual time."""

from __future__ import annotations

from itertools import pairwise

from media import tap
from media.tap_feed import TapFeed
from tests.scenarios.twin.lesson import Lesson
from tests.scenarios.twin.links import link, with_outages
from tests.scenarios.twin.run import follow


def test_one_weak_receiver_of_three_changes_nothing_for_the_others() -> None:
    lesson = Lesson(seed=1)
    good = [lesson.join(link((0, 5000)), f"good{number}") for number in (1, 2)]
    weak = lesson.join(link((0, 150), loss_pct=8, queue_kb=20), "weak")
    lesson.play(4.0)
    figures = [follow(lesson, classroom, 0.0) for classroom in good]
    lesson.play(5.0)
    for classroom, before in zip(good, figures, strict=True):
        after = follow(lesson, classroom, 0.0)
        assert after.video_stall_pct == before.video_stall_pct == 0
        assert after.audio_stall_pct <= 0.5
        late = [frame for frame in classroom.video.shown if frame.at - classroom.joined_at > 4.0]
        assert len(late) >= 0.95 * 5.0 * 22 and {frame.height for frame in late} == {720}
    assert max(frame.height for frame in weak.video.shown) <= 360


def test_the_recording_gets_every_packet_of_its_layers_whatever_the_receivers_links_do() -> None:
    lesson = Lesson(seed=2)
    feed = TapFeed("lesson", "/nowhere")
    lesson.shell.forwarder.set_tap(lesson.shell.room, feed)
    lesson.join(with_outages((2.0, 4.0), kbps=150), "weak")
    lesson.join(link((0, 5000)), "good")
    lesson.play(5.0)
    seqs: dict[int, list[int]] = {}
    layers: dict[int, str] = {}
    for item in tap.TapReader().feed(feed.take(1 << 30)):
        assert not isinstance(item, tap.Dropped)
        if isinstance(item, tap.Opened):
            layers[item.track] = item.description.layer
        elif isinstance(item, tap.Packet):
            seqs.setdefault(item.track, []).append(int.from_bytes(item.data[2:4], "big"))
    assert sorted(layers.values()) == ["", "f", "h"], "the sound and both better layers"
    for numbers in seqs.values():
        assert len(numbers) > 50
        assert all((after - before) & 0xFFFF == 1 for before, after in pairwise(numbers))
