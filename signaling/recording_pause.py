"""A pause of the recording, for what is nobody's business later: the request, the event, and who may.

Whoever leads decides. The room's state says since when it is paused, so that every screen can say so; what the recorder
makes of it is in docs/recording.md.
"""

from __future__ import annotations

import msgspec

from signaling.ids import PeerId


class RecordingPaused(msgspec.Struct, frozen=True, tag_field="kind", tag="recording_paused"):
    """From here on no picture and no sound is recorded, or (False) they are again."""

    paused: bool
    by: PeerId


class PauseRecording(msgspec.Struct, frozen=True, tag_field="type", tag="pause_recording"):
    """Pause the recording, or go on with it."""

    id: int
    paused: bool
