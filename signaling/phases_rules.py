"""Group work, the timer and marks: what a request changes."""

from __future__ import annotations

from msgspec.structs import replace

from signaling import messages as m
from signaling.acting import require_may
from signaling.errors import Refused
from signaling.phases import MAX_MARK_CHARACTERS, MAX_TIMER_S, Mark, MarkMoment, SetPhase, SetTimer, Timer
from signaling.roles import Capability
from signaling.text import clean_text

PhaseCommand = SetPhase | SetTimer | MarkMoment


def decide_phase(
    state: m.Snapshot, actor: m.Participant, request: PhaseCommand, t_ms: int
) -> tuple[m.PhaseChanged | m.TimerSet | m.Marked, ...]:
    """Return the events that carry out `request`.

    Raises:
        Refused: `not_allowed`, `timer_invalid`, `text_too_long` or `lesson_state`.
    """
    match request:
        case SetPhase(phase=phase):
            require_may(state, actor, Capability.SET_PHASE)
            return () if phase == state.phase else (m.PhaseChanged(phase),)
        case SetTimer():
            require_may(state, actor, Capability.SET_TIMER)
            timer = _timer(state.timer, request, t_ms)
            return () if timer == state.timer else (m.TimerSet(timer),)
        case MarkMoment(label=label):
            require_may(state, actor, Capability.MARK)
            if state.lesson.state != "live":
                raise Refused("lesson_state", "上课以后才能标记。")
            text = clean_text(label)
            if len(text) > MAX_MARK_CHARACTERS:
                raise Refused("text_too_long", f"标记的文字太长，最多 {MAX_MARK_CHARACTERS} 个字。")
            return (m.Marked(Mark(t_ms, actor.peer, actor.name, text)),)


def _timer(before: Timer | None, request: SetTimer, t_ms: int) -> Timer | None:
    if request.total_s == 0:
        return None
    if request.total_s is not None:
        if not 0 < request.total_s <= MAX_TIMER_S:
            raise Refused("timer_invalid", f"计时应在 1 秒到 {MAX_TIMER_S // 3600} 小时之间。")
        total_ms = request.total_s * 1000
        return Timer(total_ms, total_ms, t_ms + total_ms if request.run else None)
    if before is None:
        raise Refused("timer_invalid", "现在没有计时。请先选一个时长。")
    left_ms = before.left_ms if before.ends_t_ms is None else max(0, before.ends_t_ms - t_ms)
    if request.run is (before.ends_t_ms is not None):
        return before
    return replace(before, left_ms=left_ms, ends_t_ms=t_ms + left_ms if request.run else None)
