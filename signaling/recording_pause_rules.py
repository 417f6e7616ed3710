"""A pause of the recording: what a request changes."""

from __future__ import annotations

from signaling import messages as m
from signaling.acting import require_may
from signaling.errors import Refused
from signaling.roles import Capability


def decide_pause(state: m.Snapshot, actor: m.Participant, request: m.PauseRecording) -> tuple[m.RecordingPaused, ...]:
    """Return the event that carries out `request`; none when it is so already.

    Raises:
        Refused: `not_allowed`, `not_leading` or `lesson_state`.
    """
    require_may(state, actor, Capability.PAUSE_RECORDING)
    if state.lead != actor.peer:
        raise Refused("not_leading", "录像由正在主讲的老师暂停和继续。请先接过主讲。")
    if state.lesson.state != "live":
        raise Refused("lesson_state", "上课以后才有录像可以暂停。")
    is_paused = state.recording_paused_t_ms is not None
    return () if is_paused is request.paused else (m.RecordingPaused(request.paused, actor.peer),)
