"""Steps that make what is watched and listened to: by copy, but for a voice that is too large to be light."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import msgspec

from recorder.container import MediaPacket, write_file, write_poster
from recorder.edit import LOW_LINES, Cut, shown_ms
from recorder.opus_packing import TimedPacket, pack
from recorder.pictures import make_sprite
from recorder.sound import LIGHT_BPS, encode_light, listen
from recorder.splice.told import filled
from recorder.timeline import Placed
from recorder.workshop import Workshop

LOW_SHARE = 0.95  # of what moves in the lecturer's pictures: with less, somebody would miss something
LIGHT_COPY_BPS = LIGHT_BPS * 11 // 10  # a copy may be so large: clients are asked for 20 kbit/s (media/sdp.py)
LIGHT = "light.webm"
PEAKS = "peaks.bin"
POSTER = "poster.jpg"
SPRITE = "sprite.webp"


class Made(NamedTuple):
    """What a step made: files, and what later steps need to know."""

    files: list[str]
    facts: Mapping[str, Any] = MappingProxyType({})


def make_lecturer(shop: Workshop) -> Made:
    """Make camera and voice of whoever led."""
    return Made([shop.write_media("lecturer", shop.lecturer, chapters=shop.chapters)])


def make_screen(shop: Workshop) -> Made:
    """Make the shared screen."""
    cut = shop.editor.screen(shop.lecturer.origin_ms)
    if cut is None:
        shop.remove("screen")
        return Made([])
    return Made([shop.write_media("screen", cut)])


def make_guest(shop: Workshop) -> Made:
    """Make whoever was called on; the gain is that of their own voices."""
    cut = shop.editor.guest(shop.lecturer)
    if cut is None:
        shop.remove("guest")
        return Made([])
    voices = cut._replace(sounds=[sound for sound in cut.sounds if sound.placed is not None])
    heard = listen(pack(_voice(shop, voices)))
    told = [msgspec.to_builtins(one) for one in filled(cut, "guest")]
    return Made([shop.write_media("guest", cut)], {"gain_db": heard.gain_db, "filled": told})


def make_low(shop: Workshop) -> Made:
    """Copy the recorded middle layer; where it does not cover the lesson, say that the night has work."""
    cut = shop.lecturer
    parts = [shop.editor.parts[part] for part in {one.part for one in cut.pictures if isinstance(one, Placed)}]
    if all(min(part.width, part.height) <= LOW_LINES for part in parts):
        shop.remove("low")
        return Made([])
    low = shop.editor.low(cut)
    if shown_ms(low) < LOW_SHARE * shown_ms(cut):
        shop.remove("low")
        return Made([], {"night": True})
    return Made([shop.write_media("low", low)])


def make_audio(shop: Workshop) -> Made:
    """Make the voice alone, as it was recorded."""
    if not shop.lecturer.sounds:
        shop.remove("audio")
        return Made([])
    return Made([shop.write_media("audio", shop.lecturer._replace(pictures=[]))])


def make_peaks(shop: Workshop) -> Made:
    """Listen to the voice once: its peaks, and the gain that it needs."""
    if not shop.lecturer.sounds:
        (shop.folder / PEAKS).unlink(missing_ok=True)
        return Made([])
    heard = listen(pack(_voice(shop, shop.lecturer)))
    return Made([shop.write(PEAKS, heard.peaks)], {"gain_db": heard.gain_db})


def make_light(shop: Workshop) -> Made:
    """Make the light voice: a copy in packets of 60 ms, or anew where that would not be light."""
    cut = shop.lecturer
    if not cut.sounds:
        (shop.folder / LIGHT).unlink(missing_ok=True)
        return Made([])
    packets = list(pack(_voice(shop, cut)))
    bps = sum(len(packet.data) for packet in packets) * 8000 // max(1, cut.duration_ms)
    gain_db = float(shop.facts("peaks").get("gain_db", 0.0))
    is_copy = bps <= LIGHT_COPY_BPS
    temporary = shop.temporary(LIGHT)
    write_file(
        temporary, _sound(packets if is_copy else encode_light(packets, gain_db)), video=None, audio=True,
        title=shop.name, chapters=shop.chapters, duration_ms=cut.duration_ms,
    )  # fmt: skip
    return Made([shop.commit(temporary, LIGHT)], {"gain_db": gain_db if is_copy else 0.0})


def make_poster(shop: Workshop) -> Made:
    """Make a telling picture."""
    sources = [path for stem in ("lecturer", "screen") if (path := shop.find(stem)) is not None]
    temporary = shop.temporary(POSTER)
    return Made([shop.commit(temporary, POSTER)] if write_poster(sources, temporary) else [])


def make_sheet(shop: Workshop) -> Made:
    """Make the small pictures above a seek bar, of the smallest file that has them."""
    for stem in ("low", "lecturer", "screen"):
        path = shop.find(stem)
        made = make_sprite(path, shop.lecturer.duration_ms, SPRITE) if path is not None else None
        if made is not None:
            data, sprite = made
            return Made([shop.write(SPRITE, data)], {"sprite": sprite})
    return Made([])


def _voice(shop: Workshop, cut: Cut) -> Iterator[TimedPacket]:
    for packet in shop.editor.packets(cut._replace(pictures=[]))[3]:
        yield TimedPacket(packet.ms, packet.duration_ms, packet.data)


def _sound(packets: Iterable[TimedPacket]) -> Iterator[MediaPacket]:
    for packet in packets:
        yield MediaPacket(packet.ms, packet.duration_ms, packet.data, True, False)
