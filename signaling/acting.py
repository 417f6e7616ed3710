"""What a participant may do in the present state: the role's capabilities, and those of acting or of the chair."""

from __future__ import annotations

from signaling import messages as m
from signaling.errors import Refused
from signaling.roles import ACTING_CAPABILITIES, CHAIR_CAPABILITIES, Capability, Role, is_granted


def may(state: m.Snapshot, actor: m.Participant, capability: Capability) -> bool:
    """Return whether `actor` may do this now."""
    if is_granted(actor.role, capability):
        return True
    if state.lesson.kind == "meeting":
        return state.lead == actor.peer and capability in CHAIR_CAPABILITIES
    acts = actor.role is Role.LOCAL_TEACHER and state.acting == actor.peer
    return acts and capability in ACTING_CAPABILITIES


def require_may(state: m.Snapshot, actor: m.Participant, capability: Capability) -> None:
    """Pass when `actor` may do this now.

    Raises:
        Refused: code `not_allowed`.
    """
    if not may(state, actor, capability):
        raise Refused("not_allowed", "您在这节课里没有这项权限。")
