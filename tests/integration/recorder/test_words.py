"""Plug-ins for words, and pages out of a shared screen: a lesson that has neither deck nor subtitles gets both."""

from __future__ import annotations

from fractions import Fraction
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from recorder import words
from recorder.pictures import find_scenes
from recorder.words import Segment, WordsUnknown, first_line, read_captions, write_captions


def write_screen(path: Path, shown: list[tuple[int, int]]) -> None:
    """Write a screen of a keyframe every 4 s: `(seconds, brightness)`, with bars that tell one from another."""
    with av.open(str(path), "w", format="webm") as output:
        stream: Any = output.add_stream("libvpx", rate=1, options={"deadline": "realtime", "cpu-used": "16"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        stream.codec_context.gop_size = 4
        second = 0
        for length, light in shown:
            luma = np.full((270, 320), 128, np.uint8)
            luma[:180] = light
            if light:
                luma[20:60, : light + 40] = 255 - light
            for _ in range(length):
                frame = av.VideoFrame.from_ndarray(luma, format="yuv420p")
                frame.pts, frame.time_base = second, Fraction(1, 1)
                output.mux(stream.encode(frame))
                second += 1
        output.mux(stream.encode(None))


def test_pages_are_taken_from_a_screen_where_it_changes_and_stays(tmp_path: Path) -> None:
    write_screen(tmp_path / "screen.webm", [(12, 0), (40, 200), (8, 60), (40, 120), (20, 0)])
    scenes = find_scenes(tmp_path / "screen.webm")
    assert [scene.start_ms // 1000 for scene in scenes] == [12, 60], "neither black nor what was only passed by"
    for scene, light in zip(scenes, (200, 120), strict=True):
        (tmp_path / "page.webp").write_bytes(scene.webp)
        with Image.open(tmp_path / "page.webp") as page:
            assert page.width == 320
            assert abs(int(np.asarray(page.convert("L"))[150, 300]) - light) < 25


class Echo:
    """A transcriber that hears the language it is told."""

    def transcribe(self, audio: Path, language: str) -> list[Segment]:
        return [Segment(0, 900, f"{language} <{audio.name}>"), Segment(900, 900, "nothing")]


echo = Echo()


def test_a_plug_in_is_found_by_its_entry_point(monkeypatch: pytest.MonkeyPatch) -> None:
    point = EntryPoint("echo", f"{__name__}:echo", words.TRANSCRIBERS)
    monkeypatch.setattr(EntryPoint, "load", lambda self: echo)
    monkeypatch.setattr(words, "entry_points", lambda group, name: [point] if name == point.name else [])
    segments = words.transcriber("echo").transcribe(Path("light.webm"), "zh-CN")
    assert write_captions(segments) == "WEBVTT\n\n00:00:00.000 --> 00:00:00.900\nzh-CN &lt;light.webm&gt;\n"
    with pytest.raises(WordsUnknown, match="没有名为 deaf 的插件"):
        words.page_reader("deaf")


def test_captions_that_were_written_are_read_the_same() -> None:
    segments = [Segment(0, 1_500, "水 & 冰 <三态>"), Segment(3_600_000, 3_601_000, "下课")]
    assert read_captions(write_captions(segments)) == segments


def test_the_first_line_with_words_is_a_title() -> None:
    assert first_line("\n  \n 水的三态 \n固态") == "水的三态"
    assert first_line("") == ""
