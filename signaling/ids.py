"""The identifiers of a lesson."""

from __future__ import annotations

from typing import NewType

RoomId = NewType("RoomId", str)  # equals the lesson's id
PeerId = NewType("PeerId", str)  # one participant in one room; stable over resume and re-joining with the same seat
ClassroomId = NewType("ClassroomId", str)
PupilId = NewType("PupilId", str)  # stable over renaming, moving and a new roster
