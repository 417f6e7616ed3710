"""What `tongtang watch` says of a second."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
from aiortc import RTCRtpReceiver
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame
from msgspec.structs import replace

from server.bot.client import LessonClient
from server.bot.options import Access, WatchOptions
from server.bot.receiving import SlotMeter
from server.bot.watch import as_text, describe, run
from signaling import messages as m, replica
from signaling.roles import Role

LESSON = m.LessonInfo("k7m2p9qx", "光的折射", "科学", "实验小学", 40, "live")


async def no_token() -> str:
    return ""


@pytest.fixture
def client() -> LessonClient:
    client = LessonClient(Access(room="k7m2p9qx"), no_token)
    teacher = m.Participant(m.PeerId("p1"), Role.LECTURER, "王老师", "实验小学")
    client.you = m.PeerId("me")
    client.state = replace(replica.initial(LESSON, None), page=3, participants=(teacher,))
    client.slots = (m.SlotFill("lecturer", m.PeerId("p1"), "camera", 360), m.SlotFill("guest"))
    client.links = (m.Link(m.PeerId("me"), "clear", 12, 0.5, 900_000, True),)
    return client


def test_video_meter_counts_frames_height_and_rate() -> None:
    meter = SlotMeter("lecturer", "video")
    for _ in range(10):
        meter.on_packet(1000)
        meter.on_frame(VideoFrame(640, 360))
    assert meter.read(2.0) == {"slot": "lecturer", "kind": "video", "frames": 10, "kbps": 40, "height": 360}
    assert meter.read(1.0)["frames"] == 0


def test_audio_meter_measures_the_level() -> None:
    meter = SlotMeter("audio0", "audio")
    assert meter.read(1.0)["level_dbfs"] == -90
    half = np.full((1, 960), 16384, dtype=np.int16)
    meter.on_frame(AudioFrame.from_ndarray(half, format="s16", layout="mono"))
    assert meter.read(1.0)["level_dbfs"] == -6


def test_a_second_names_who_is_seen(client: LessonClient) -> None:
    slots = [
        {"slot": "lecturer", "kind": "video", "frames": 15, "kbps": 480, "height": 360},
        {"slot": "guest", "kind": "video", "frames": 0, "kbps": 0, "height": 0},
    ]
    line = describe(client, slots, 7)
    assert (line["page"], line["rung"], line["second"]) == (3, "clear", 7)
    assert [(slot["slot"], slot["from"]) for slot in line["slots"]] == [("lecturer", "王老师")]
    text = as_text(line)
    assert "第 3 页" in text
    assert "清晰" in text
    assert "15 帧 360p 480 kbit/s" in text


def test_unknown_role_is_refused_before_anything_else(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(WatchOptions(room="k7m2p9qx", role="headmaster")) == 2
    assert "headmaster" in capsys.readouterr().err


def test_aiortc_still_hands_each_packet_to_this_method() -> None:
    """`_count_packets` wraps it: an upgrade that renames it must fail here."""
    parameters = list(inspect.signature(RTCRtpReceiver._handle_rtp_packet).parameters)
    assert parameters == ["self", "packet", "arrival_time_ms"]
