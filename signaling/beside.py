"""Whom a classroom's wall and the phones of its local teachers speak to: each other. Pure."""

from __future__ import annotations

from collections.abc import Iterator

from signaling import messages as m
from signaling.effects import Tell
from signaling.errors import Refused
from signaling.roles import Capability, Role, require
from signaling.wall_control import MAX_VOLUME, ControlWall, WallTold


def others_beside(state: m.Snapshot, actor: m.Participant) -> Iterator[m.PeerId]:
    """Yield the phones beside a wall, or the wall beside a phone, as far as they are online."""
    other = Role.LOCAL_TEACHER if actor.role is Role.CLASSROOM else Role.CLASSROOM
    for one in state.participants:
        if one.role is other and one.online and one.classroom is not None and one.classroom == actor.classroom:
            yield one.peer


def control_wall(state: m.Snapshot, actor: m.Participant, request: ControlWall) -> list[Tell]:
    """Return whom to tell how a wall is, or should be.

    Raises:
        Refused: `not_allowed`, or `classroom_absent` when the wall is not there to hear its phone.
    """
    require(actor.role, Capability.CONTROL_WALL)
    told = WallTold(request.layout, min(max(0, request.volume), MAX_VOLUME))
    effects = [Tell(peer, told) for peer in others_beside(state, actor)]
    if not effects and actor.role is Role.LOCAL_TEACHER:
        raise Refused("classroom_absent", "教室大屏现在不在课堂里，请先打开它。")
    return effects
