"""Listen to every microphone of a finished recording, each for itself: `python -m recorder.voices FOLDER`.

Like a finalising step it can be run again at any time: what it finds is noted with a hash of what it was found in, and
found anew only when that changed. It reads parts and journal, and writes one note, `steps/voices.json`.

Prints one JSON line: the `Voices`, or `{"failed": "…"}`.
"""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec

from recorder.edit import Cut, Editor
from recorder.finalise import NICENESS
from recorder.folder import FolderBusy, lock_folder
from recorder.opus_packing import TimedPacket, pack
from recorder.settings import FinaliseSettings
from recorder.sound import decode_voice
from recorder.story import Story
from recorder.voice_activity import Talk, VoiceActivity
from recorder.workshop import NothingRecorded, Workshop

STEP = "voices"
VERSION = 1  # of what is found: a change makes old notes invalid
_ROLES = ("lecturer", "classroom")  # whose microphones are the rooms; a private line is never recorded


class Voice(msgspec.Struct, frozen=True):
    """When there was speech at one microphone, on the clock of the finished files."""

    peer: str
    role: str
    name: str
    school: str
    talk: tuple[tuple[int, int], ...]  # (from, to) in ms


class Voices(msgspec.Struct, frozen=True):
    """All microphones of a recording."""

    duration_ms: int
    voices: tuple[Voice, ...]


def listen_to(shop: Workshop) -> Voices:
    """Return when there was speech at each microphone, from the note when nothing changed since.

    Raises:
        NothingRecorded: there is neither picture nor sound of the lecturer.
    """
    inputs = f"{VERSION} {shop.media_inputs}"
    note = shop.note(STEP)
    if note is not None and note.inputs == inputs:
        return msgspec.convert(note.facts, Voices)
    lecturer = shop.lecturer
    people = _people(shop)
    found = Voices(
        lecturer.duration_ms,
        tuple(
            Voice(peer, role, *people.get(peer, ("", "")), tuple(_talk(shop, peer)))
            for peer, role in _microphones(shop.story)
        ),
    )
    shop.set_note(STEP, inputs, [], msgspec.to_builtins(found))
    return found


def _microphones(story: Story) -> Iterator[tuple[str, str]]:
    peers = dict.fromkeys(part.peer for part in story.parts.values() if part.source == "mic")
    for peer in peers:
        role = story.roles.get(peer, story.lead_role)
        if role in _ROLES:
            yield peer, role


def _people(shop: Workshop) -> dict[str, tuple[str, str]]:
    """Return name and school of everybody whom the journal names."""
    told = (line for line in shop.journal.lines if line["kind"] == "peer")
    return {str(line["peer"]): (str(line.get("name") or ""), str(line.get("school") or "")) for line in told}


def _talk(shop: Workshop, peer: str) -> Talk:
    """Return when there was speech at the peer's microphone."""
    with contextlib.closing(Editor(shop.folder, _led_by(shop.story, peer))) as editor:
        cut = editor.lecturer()
        if cut is None:
            return []
        activity = VoiceActivity()
        for samples in decode_voice(pack(_packets(editor, cut)), "opus"):
            activity.add(samples)
    ahead_ms, end_ms = round(cut.origin_ms - shop.lecturer.origin_ms), shop.lecturer.duration_ms
    placed = ((max(0, start + ahead_ms), min(end_ms, end + ahead_ms)) for start, end in activity.talk())
    return [(start, end) for start, end in placed if start < end]


def _led_by(story: Story, peer: str) -> Story:
    """Return the story as if nobody but this peer's microphone had been recorded, so that its cut is all of it."""
    parts = {number: part for number, part in story.parts.items() if (part.peer, part.source) == (peer, "mic")}
    return replace(story, parts=parts, events=[(0.0, {"kind": "lead_changed", "peer": peer})])


def _packets(editor: Editor, cut: Cut) -> Iterator[TimedPacket]:
    for packet in editor.packets(cut._replace(pictures=[]))[3]:
        yield TimedPacket(packet.ms, packet.duration_ms, packet.data)


def main(arguments: list[str]) -> int:
    """Listen to the folder that the argument names; return the exit status."""
    folder = Path(arguments[0])
    os.nice(NICENESS)
    try:
        lock = lock_folder(folder)
    except (FolderBusy, OSError):
        return _fail("录像的文件夹正在使用，稍后再试。")
    try:
        with contextlib.closing(Workshop(folder, "", FinaliseSettings())) as shop:
            _say(listen_to(shop))
        return 0
    except NothingRecorded:
        return _fail("这次录制没有收到声音，没有可以统计的内容。")
    except OSError as error:
        return _fail(f"读写录像文件出错（{error.strerror or error}）。")
    except Exception:  # the edge of the process: whatever it was, who asked must be told
        logging.exception("listening to %s", folder)
        return _fail("统计说话时间时出现内部错误。录像不受影响，可以再试一次。")
    finally:
        os.close(lock)


def _fail(detail: str) -> int:
    _say({"failed": detail})
    return 1


def _say(what: Any) -> None:
    sys.stdout.buffer.write(msgspec.json.encode(what) + b"\n")
    sys.stdout.buffer.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
