"""A media worker for `bench/audio_repair.py`: a receiver whose name is a mode gets that mode, whatever its link."""

from __future__ import annotations

import itertools
import sys
from typing import Any

from media.audio_down_track import AudioDownTrack
from media.audio_repair import AudioMode
from media.transport import worker

_COPIES = [copies for count in range(3) for copies in itertools.combinations(range(1, 9), count)]
MODES = {
    mode.name: mode
    for frames, copies, resends in itertools.product((1, 2, 3), _COPIES, (False, True))
    for mode in [AudioMode(frames, copies, resends)]
}


def force() -> None:
    """Take the choice away from the policy for receivers with the name of a mode."""
    choose = AudioDownTrack.adapt

    def adapt(down: AudioDownTrack, **link: Any) -> None:
        choose(down, **link)
        if down.owner is not None:
            down.mode = MODES.get(down.owner.peer, down.mode)

    AudioDownTrack.adapt = adapt  # type: ignore[method-assign, assignment]


if __name__ == "__main__":
    force()
    sys.exit(worker.main())
