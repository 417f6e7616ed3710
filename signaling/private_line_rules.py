"""The private line of two teachers: what a request changes."""

from __future__ import annotations

from signaling import messages as m
from signaling.errors import Refused
from signaling.private_line import (
    MAX_PRIVATE_CHARACTERS,
    PrivateSaid,
    PrivateText,
    SayPrivately,
    SetLine,
    VoiceLine,
    VoiceLineChanged,
)
from signaling.replica import find
from signaling.roles import Capability, Role, require
from signaling.text import clean_text

LineCommand = SayPrivately | SetLine


def decide_line(
    state: m.Snapshot, actor: m.Participant, request: LineCommand, t_ms: int
) -> tuple[PrivateSaid | VoiceLineChanged, ...]:
    """Return the events that carry out `request`.

    Raises:
        Refused: `not_allowed`, `text_empty`, `text_too_long`, `classroom_absent`, `peer_offline`, `line_busy` or
            `line_idle`.
    """
    require(actor.role, Capability.PRIVATE_LINE)
    if isinstance(request, SayPrivately):
        return (_say(state, actor, request, t_ms),)
    match request.act:
        case "ring":
            return (_ring(state, actor, request.peer),)
        case "accept":
            line = state.voice_line
            if line is None or line.is_open or actor.peer not in (line.lecturer, line.teacher):
                raise Refused("line_idle", "对方已经挂断。")
            if actor.peer == line.caller:
                raise Refused("line_busy", "正在呼叫，请等对方接听。")
            return (VoiceLineChanged(VoiceLine(line.lecturer, line.teacher, line.caller, True)),)
        case "end":
            line = state.voice_line
            if line is None or actor.peer not in (line.lecturer, line.teacher):
                return ()
            return (VoiceLineChanged(None),)


def hang_up(state: m.Snapshot, peer: m.PeerId) -> tuple[VoiceLineChanged, ...]:
    """Return what ends the call of a participant who is gone."""
    line = state.voice_line
    return (VoiceLineChanged(None),) if line is not None and peer in (line.lecturer, line.teacher) else ()


def _say(state: m.Snapshot, actor: m.Participant, request: SayPrivately, t_ms: int) -> PrivateSaid:
    text = clean_text(request.text)
    if not text:
        raise Refused("text_empty", "请先输入文字。")
    if len(text) > MAX_PRIVATE_CHARACTERS:
        raise Refused("text_too_long", f"文字太长，最多 {MAX_PRIVATE_CHARACTERS} 个字。")
    if actor.role is Role.LOCAL_TEACHER:
        classroom = actor.classroom
        if classroom is None:
            raise Refused("classroom_absent", "您没有选定教室，不能与主讲私聊。")
    else:
        classroom = request.classroom
        if not any(one.classroom == classroom for one in state.participants):
            raise Refused("classroom_absent", "这间教室还没有人进入课堂。")
    own = m.ClassroomId(classroom)
    return PrivateSaid(own, PrivateText(t_ms, own, actor.peer, actor.name, text))


def _ring(state: m.Snapshot, actor: m.Participant, peer: m.PeerId | None) -> VoiceLineChanged:
    if state.voice_line is not None:
        raise Refused("line_busy", "线路正忙，请稍后再拨。")
    other = find(state, peer or (state.lead if actor.role is Role.LOCAL_TEACHER else None))
    wanted = Role.LECTURER if actor.role is Role.LOCAL_TEACHER else Role.LOCAL_TEACHER
    if other is None or other.role is not wanted:
        raise Refused("peer_unknown", "对方不在课堂里。")
    if not other.online:
        raise Refused("peer_offline", "对方的网络断了，等连上再拨。")
    lecturer, teacher = (other, actor) if actor.role is Role.LOCAL_TEACHER else (actor, other)
    return VoiceLineChanged(VoiceLine(lecturer.peer, teacher.peer, actor.peer))
