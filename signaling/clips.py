"""Clips in a lesson: which there are, which one is shown, and where it is by the lesson's clock. Pure.

Theory of operation. A clip plays in every classroom from the classroom's own store; the wire carries only what the
lecturer does with it. The state says that a clip was at `position_ms` when the lesson's clock stood at `at_t_ms`, and
whether it has moved since. So wherever somebody comes in, `position_at` gives the same place, and no event is needed
while it plays. An event has no time of its own besides its `t_ms`: a replay whose clock begins elsewhere stays right.
A clip that is shown carries all that its player needs, so it plays on when it is taken off the lesson's list.
"""

from __future__ import annotations

import msgspec

MAX_CLIP_MS = 6 * 3600 * 1000  # longer than any lesson; also the end of a clip whose length nobody knows


class Clip(msgspec.Struct, frozen=True):
    """A piece of sound or film that belongs to the lesson: a file of its pack."""

    sha256: str  # of the file; what it is called by
    title: str
    mime: str  # "video/…", or "audio/…" for sound without a picture
    duration_ms: int  # 0: not known
    bytes: int
    url: str


class ShownClip(msgspec.Struct, frozen=True):
    """What is shown instead of the page, and where it is."""

    clip: Clip
    playing: bool
    position_ms: int  # where it was
    at_t_ms: int  # at this time of the room's clock


class ClipsSet(msgspec.Struct, frozen=True, tag_field="kind", tag="clips_set"):
    """The lesson has these clips now."""

    clips: tuple[Clip, ...]


class ClipChanged(msgspec.Struct, frozen=True, tag_field="kind", tag="clip_changed"):
    """A clip is shown, at `position_ms` when the event happened; None: none is shown any longer."""

    clip: Clip | None
    playing: bool = False
    position_ms: int = 0


class SetClip(msgspec.Struct, frozen=True, tag_field="type", tag="set_clip"):
    """Show a clip, and let it play or stand still.

    Without `position_ms` it goes on from where it is, from the beginning when it is another one or at its end.
    """

    id: int
    clip: str = ""  # its sha256; empty: show none
    playing: bool = True
    position_ms: int | None = None


def end_of(clip: Clip) -> int:
    """Return where a clip ends, in ms."""
    return clip.duration_ms or MAX_CLIP_MS


def position_at(shown: ShownClip, t_ms: int) -> int:
    """Return where the clip is when the room's clock stands at `t_ms`; never outside of it."""
    moved_ms = max(0, t_ms - shown.at_t_ms) if shown.playing else 0
    return min(end_of(shown.clip), shown.position_ms + moved_ms)


def step_clip(body: ClipChanged, t_ms: int) -> ShownClip | None:
    """Return what is shown after the event."""
    return None if body.clip is None else ShownClip(body.clip, body.playing, body.position_ms, t_ms)
