"""Clips: what a request changes."""

from __future__ import annotations

from signaling import messages as m
from signaling.acting import require_may
from signaling.clips import end_of, position_at
from signaling.errors import Refused
from signaling.roles import Capability


def decide_clip(state: m.Snapshot, actor: m.Participant, request: m.SetClip, t_ms: int) -> tuple[m.ClipChanged, ...]:
    """Return the events that carry out `request`.

    Raises:
        Refused: `not_allowed`, `lesson_state`, `clip_unknown` or `clip_position`.
    """
    require_may(state, actor, Capability.PLAY_CLIP)
    if not request.clip:
        return () if state.clip is None else (m.ClipChanged(None),)
    if state.lesson.state == "ended":
        raise Refused("lesson_state", "这节课已经结束，不能再播放音视频。")
    clip = _clip(state, request.clip)
    now_ms = _present(state.clip, clip, t_ms)
    if request.position_ms is None:
        playing_now = state.clip is not None and state.clip.playing
        if now_ms is not None and playing_now is request.playing and now_ms < end_of(clip):
            return ()
        from_start = now_ms is None or (request.playing and now_ms >= end_of(clip))
        return (m.ClipChanged(clip, request.playing, 0 if from_start else now_ms or 0),)
    if not 0 <= request.position_ms <= end_of(clip):
        raise Refused("clip_position", f"“{clip.title}”全长 {_clock(end_of(clip))}，请选这个范围里的位置。")
    return (m.ClipChanged(clip, request.playing, request.position_ms),)


def _clip(state: m.Snapshot, sha256: str) -> m.Clip:
    """Return the clip; one that is shown may have been taken off the lesson meanwhile."""
    shown: tuple[m.Clip, ...] = () if state.clip is None else (state.clip.clip,)
    found = next((one for one in (*shown, *state.clips) if one.sha256 == sha256), None)
    if found is None:
        raise Refused("clip_unknown", "这节课没有这段音视频，可能已经去掉了。")
    return found


def _present(shown: m.ShownClip | None, clip: m.Clip, t_ms: int) -> int | None:
    """Return where the clip is now; None: it is not shown."""
    return None if shown is None or shown.clip.sha256 != clip.sha256 else position_at(shown, t_ms)


def _clock(ms: int) -> str:
    return f"{ms // 60_000}:{ms // 1000 % 60:02}"
