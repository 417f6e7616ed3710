"""What becomes of the lesson when somebody takes a seat, comes back or gives it up: state in, bodies out."""

from __future__ import annotations

import random
from collections.abc import Sequence

from msgspec.structs import replace

from signaling import meeting, messages as m
from signaling.board_rules import cut_for_wire
from signaling.private_line_rules import hang_up
from signaling.roles import CAPABILITIES, Role
from signaling.seats import (
    ANSWERS_BURST,
    ANSWERS_PER_S,
    CHAT_BURST,
    CHAT_PER_S,
    RESUME_S,
    Admission,
    Seat,
    resume_token,
)
from signaling.session import TokenBucket
from signaling.views import view_snapshot, viewer_of

WELCOME_INK_CHARACTERS = 24_000  # of the shown surface in a welcome: 3 s of a 60 kbit/s link; more is asked for


def new_seat(state: m.Snapshot, peer: m.PeerId, role: Role, now: float, rng: random.Random) -> Seat:
    """Return a seat with a new resume token, so that a replaced window cannot take it back."""
    muted: set[m.Source] = {"mic"} if role is Role.CLASSROOM and state.called_on != peer else set()
    token = resume_token(m.RoomId(state.lesson.id), rng)
    chat, answers = TokenBucket(CHAT_BURST, CHAT_PER_S, now), TokenBucket(ANSWERS_BURST, ANSWERS_PER_S, now)
    return Seat(peer, token, chat, answers, muted=muted)


def participant(peer: m.PeerId, admission: Admission) -> m.Participant:
    """Return who was let in, as the others see them."""
    return m.Participant(peer, admission.role, admission.name, admission.school, admission.classroom)


def return_afresh(before: m.Participant, admission: Admission) -> list[m.EventBody]:
    """Return what happens when somebody joins who has a seat: their media is gone, and they may be called otherwise."""
    after = replace(participant(before.peer, admission), hand=before.hand, hand_for=before.hand_for)
    if replace(before, online=True, sources=()) != after:
        return [*unpublished(before), m.ParticipantJoined(after)]
    return [*unpublished(before), *([] if before.online else [m.OnlineChanged(before.peer, True)])]


def unpublished(one: m.Participant) -> list[m.EventBody]:
    """Return the end of all that somebody sends."""
    return [m.SourceUnpublished(one.peer, info.source) for info in one.sources]


def welcome(snapshot: m.Snapshot, seat: Seat, admission: Admission) -> m.Welcome:
    """Return the greeting with the state as whoever was let in may see it."""
    role = admission.role
    granted = tuple(sorted(capability.value for capability in CAPABILITIES[role]))
    seen = view_snapshot(snapshot, viewer_of(role, admission.classroom))
    sent = cut_for_wire(seen, WELCOME_INK_CHARACTERS)
    return m.Welcome(seat.peer, role, granted, seat.resume, int(RESUME_S), sent)


def leaving(state: m.Snapshot, peers: Sequence[m.PeerId]) -> list[m.EventBody]:
    """Return what happens when these give up their seats; the lead is left to whoever is there."""
    bodies: list[m.EventBody] = []
    if state.called_on in peers:
        bodies.append(m.CalledOn(None))
    if state.lead in peers:
        bodies.append(m.LeadChanged(_heir(state, peers)))
    if state.acting in peers:
        bodies.append(m.ActingChanged(None))
    for peer in peers:
        bodies += hang_up(state, peer)
    return bodies + [m.ParticipantLeft(peer) for peer in peers]


def _heir(state: m.Snapshot, leaving: Sequence[m.PeerId]) -> m.PeerId | None:
    if meeting.is_meeting(state):
        return meeting.heir(state, leaving)
    heirs = [one.peer for one in state.participants if one.role is Role.LECTURER and one.online]
    return next((peer for peer in heirs if peer not in leaving), None)
