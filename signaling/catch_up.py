"""Catching up, between a classroom's wall and the phones of its local teachers: who may say what to whom. Pure.

The wall offers and plays; a phone only asks for it. What they say is passed on and not kept: the wall repeats it, so a
phone that came later knows it soon.
"""

from __future__ import annotations

from signaling import messages as m
from signaling.beside import others_beside
from signaling.effects import Tell
from signaling.errors import Refused
from signaling.roles import Capability, Role, require

MAX_MISSED_S = 86_400  # a day: more is no lesson
_FROM_WALL: frozenset[m.CatchUpAct] = frozenset({"offered", "running", "none"})
_FROM_PHONE: frozenset[m.CatchUpAct] = frozenset({"start", "stop"})
_MAY_SAY = {Role.CLASSROOM: _FROM_WALL, Role.LOCAL_TEACHER: _FROM_PHONE}


def relay(state: m.Snapshot, actor: m.Participant, request: m.CatchUp) -> list[Tell]:
    """Return whom to tell what `actor` said.

    Raises:
        Refused: `not_allowed`, or `classroom_absent` when a local teacher's classroom is not there to hear it.
    """
    require(actor.role, Capability.CATCH_UP)
    if request.act not in _MAY_SAY.get(actor.role, frozenset()) or actor.classroom is None:
        raise Refused("not_allowed", "您在这节课里没有这项权限。")
    told = m.CatchUpTold(request.act, min(max(0, request.missed_s), MAX_MISSED_S))
    effects = [Tell(peer, told) for peer in others_beside(state, actor)]
    if not effects and actor.role is Role.LOCAL_TEACHER:
        raise Refused("classroom_absent", "教室大屏现在不在课堂里，请先打开它。")
    return effects
