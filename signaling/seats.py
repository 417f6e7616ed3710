"""Who holds which seat: what the room knows of a participant and tells nobody."""

from __future__ import annotations

import base64
import hashlib
import random

import msgspec

from signaling import messages as m
from signaling.roles import Role
from signaling.session import TokenBucket

RESUME_S = 180.0  # a seat waits this long: a 3G cell handover or a reboot of a school's router is shorter
CHAT_BURST, CHAT_PER_S = 5, 0.5  # a quick exchange, then a line every two seconds
ANSWERS_BURST, ANSWERS_PER_S = 20, 2.0  # batches: a phone that comes back with what it kept, then a reader of cards
_RESUME_BITS = 128  # RFC 4086 §8: enough to make guessing hopeless


class Admission(msgspec.Struct, frozen=True):
    """Whom a verified room token lets in."""

    subject: str
    role: Role
    name: str
    school: str
    classroom: str | None = None
    school_id: str = ""  # empty: of no school


class Seat(msgspec.Struct):
    """The private side of a participant."""

    peer: m.PeerId
    resume: str
    chat: TokenBucket
    answers: TokenBucket
    socket: int = 0  # number of the open socket; 0: none
    expires: float | None = None  # when a seat without a socket is given up
    muted: set[m.Source] = set()  # what shall be muted, also while it is not published
    sending: set[m.Source] = set()  # what the client says that it sends
    encodings: dict[m.Source, m.Encodings] = {}  # the last that it was told


def peer_id(room: m.RoomId, admission: Admission) -> m.PeerId:
    """Return the id of the seat: the same person in the same role has the same one, also after a crash.

    A classroom has one seat, whichever screen or person opens it: two would be two cameras in one room that howl.
    """
    is_room = admission.role is Role.CLASSROOM and admission.classroom is not None
    subject = "" if is_room else admission.subject
    parts = (room, subject, admission.role.value, admission.classroom or "")
    digest = hashlib.sha256("\n".join(parts).encode()).digest()
    return m.PeerId(base64.b32encode(digest)[:12].decode().lower())  # 60 bits: no two of a room's 250 seats collide


def resume_token(room: m.RoomId, rng: random.Random) -> str:
    """Return a new secret that brings a seat back; it names the room, so that the room can be found."""
    return f"{room}.{rng.getrandbits(_RESUME_BITS):032x}"


def room_of_resume(token: str) -> m.RoomId:
    """Return the room that a resume token belongs to."""
    return m.RoomId(token.partition(".")[0])
