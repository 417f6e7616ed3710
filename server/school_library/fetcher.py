"""Fetching packs: at night from the platform, or now from a neighbour that somebody chose."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

import msgspec

from recorder.pack.dsse import Envelope
from recorder.pack.fetching import Fetching
from recorder.pack.manifest import Manifest
from recorder.pack.store import SliceWrong
from recorder.pack.trust import decode_signed, newer_revocations
from server.school_library import links
from server.school_library.links import Link
from server.school_library.model import Progress
from server.school_library.night import Pace
from server.school_library.shelf import Lesson, Shelf
from signaling.errors import Refused, Unavailable

TELL_S = 0.5  # between two reports of how far it is
MAX_WRONG = 5  # slices of one pack that were not what was signed: this source is broken, or lies
BREAKS = (1.0, 2.0, 5.0, 10.0, 30.0)  # seconds between tries after a line broke without a byte
MAX_IDLE = 20  # tries without a byte before a fetch gives up: about eight minutes


class Stopped(Exception):
    """The fetch was told to stop; what came is kept."""


class Fetcher:
    """Fetches one pack at a time, in the thread that calls it."""

    def __init__(self, shelf: Shelf, report: Callable[[Progress | None], None]) -> None:
        self._shelf = shelf
        self._report = report
        self.stop = threading.Event()

    def fetch(self, link: Link, pack: str, tiers: tuple[str, ...], ceiling_kbps: int = 0) -> Lesson:
        """Fetch a pack and list it.

        Raises:
            Stopped: `stop` was set.
            Refused: the pack may not be kept, or the source refuses it.
            Unavailable: `disk_full`, or the source cannot be reached; what came is kept for the next time.
        """
        raw = links.get_manifest(link, pack, tiers)
        manifest = self._shelf.check(decode_signed(raw))
        if manifest.id != pack:
            raise Refused("offline_manifest", "对方给的不是要的那一课，没有下载。请换一个来源。")
        self._shelf.require_room(manifest)
        try:
            self._fill(link, manifest, tiers, Pace(ceiling_kbps * 1000))
            return self._shelf.put(raw)
        finally:
            self._report(None)

    def _fill(self, link: Link, manifest: Manifest, tiers: tuple[str, ...], pace: Pace) -> None:
        fetching = Fetching(manifest, self._shelf.store)
        wrong = idle = 0
        told = 0.0
        while (wanted := fetching.next_wanted()) is not None:
            came = False
            try:
                for data in links.stretch(link, manifest.id, tiers, wanted.entry.sha256, wanted.start, wanted.end):
                    came = True
                    fetching.feed(data)
                    if time.monotonic() >= told + TELL_S:
                        told = time.monotonic()
                        self._report(Progress("fetch", manifest.title, fetching.have_bytes, manifest.bytes))
                    self._wait(pace.after(len(data), time.monotonic()))
            except SliceWrong:
                wrong += 1
                if wrong >= MAX_WRONG:
                    raise Refused(
                        "offline_source_wrong", "从这个来源下载的内容反复对不上签名，已经停止。请换一个来源再试。"
                    ) from None
                continue
            except Unavailable:
                if idle >= MAX_IDLE:
                    raise
            idle = 0 if came else idle + 1
            if not came:
                self._wait(BREAKS[min(idle, len(BREAKS)) - 1])

    def _wait(self, seconds: float) -> None:
        if self.stop.wait(seconds) if seconds else self.stop.is_set():
            raise Stopped

    def refresh_trust(self, link: Link) -> None:
        """Ask the platform for its newest list of what no longer counts, and act on it.

        Raises:
            Refused, Unavailable
        """
        trust = self._shelf.state.trust
        try:
            envelope = msgspec.convert(links.get_json(link, "/trust")["revocations"], Envelope)
        except (KeyError, TypeError, msgspec.ValidationError) as error:
            raise Unavailable("hub_unreachable", "平台的回答读不懂，请检查平台地址，或升级本机的同堂。") from error
        self._shelf.learn(msgspec.structs.replace(trust, revocations=newer_revocations(envelope, trust)))
