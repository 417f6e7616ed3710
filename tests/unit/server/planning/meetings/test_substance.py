"""Who was in a meeting, and whether it was one."""

from __future__ import annotations

import pytest

from server.planning.meetings.substance import Attendance, Attendee, substance
from signaling import messages as m
from signaling.roles import Role

HOUR_MS = 3_600_000
TEXT = "会议决定下月到河口小学听课，由和志强老师准备，林晓云老师记录并整理反馈。"


def one(school: str, minutes: int = 60, *, heard: bool = True, acts: int = 0) -> Attendee:
    return Attendee("p", "老师", school, minutes * 60_000, heard, acts)


@pytest.mark.parametrize(
    ("people", "minutes", "resolutions", "versions", "expected"),
    [
        pytest.param((one("A"), one("B")), TEXT, 0, 0, True, id="two schools and minutes"),
        pytest.param((one("A"), one("B")), "", 1, 0, True, id="a resolution is an output"),
        pytest.param((one("A"), one("B")), "", 0, 1, True, id="a version is an output"),
        pytest.param((one("A"), one("B")), "已开会", 0, 0, False, id="a word is no minutes"),
        pytest.param((one("A"), one("A")), TEXT, 3, 1, False, id="one school"),
        pytest.param((one("A"), one("B", heard=False)), TEXT, 0, 0, False, id="the other is logged in only"),
        pytest.param((one("A"), one("B", heard=False, acts=1)), TEXT, 0, 0, True, id="the other writes"),
        pytest.param((one("A"), one("B", 19)), TEXT, 0, 0, False, id="the other looks in"),
        pytest.param((one("A"), one("B", 20)), TEXT, 0, 0, True, id="a third of it is enough"),
        pytest.param((one("A"), one("")), TEXT, 1, 0, False, id="the region is no school"),
        pytest.param((), TEXT, 1, 1, False, id="nobody"),
    ],
)
def test_substance(people: tuple[Attendee, ...], minutes: str, resolutions: int, versions: int, expected: bool) -> None:
    assert substance(HOUR_MS, people, minutes, resolutions, versions).is_substantive is expected


def test_time_in_and_time_heard_are_counted_over_reconnects() -> None:
    peer = m.PeerId("p1")
    seat = m.Participant(peer, Role.MEMBER, "和志强", "河口小学")
    bodies: list[tuple[int, m.EventBody]] = [
        (0, m.ParticipantJoined(seat)),
        (1_000, m.SourcePublished(peer, "mic")),
        (3_000, m.MuteChanged(peer, "mic", True, peer)),
        (10_000, m.OnlineChanged(peer, False)),
        (20_000, m.OnlineChanged(peer, True)),
        (21_000, m.MuteChanged(peer, "mic", False, peer)),
        (30_000, m.LessonEnded()),
    ]
    log = Attendance()
    for seq, (t_ms, body) in enumerate(bodies, 1):
        log.on_event(m.Event(seq, t_ms, body))
    found = log.present[peer]
    assert (found.ms, found.open_ms, found.was_heard) == (20_000, 11_000, True)
