"""A lesson after 45 minutes, as a log: 60 classrooms, 40 pages, 2,000 strokes of handwriting, chat, a class list."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator

from msgspec.structs import replace

from signaling import messages as m
from signaling.board import InkObject
from signaling.board_points import Point, encode_points
from signaling.roles import Role

LAST_MS = 45 * 60_000
CLASSROOMS, PUPILS, CHAT_LINES = 60, 45, 100
STROKES, PAGES = 2000, 40
FULLEST = 0.2  # of all strokes are on one page: an exercise that was worked out together
_NAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗"
_SAID = "光从空气斜射入水中时折射角小于入射角请看第页的图我们这边听得很清楚老师再讲一遍好吗"


def stroke(rng: random.Random, author: int, number: int) -> InkObject:
    """Return a stroke as a pen on a touch screen writes one: a curve of 8 to 40 points at 60 Hz, with pressure."""
    x, y = rng.uniform(500, 15_500), rng.uniform(500, 8_500)
    heading, turn = rng.uniform(0, 2 * math.pi), rng.gauss(0, 0.08)
    speed, points = rng.uniform(18, 60), []
    count = rng.randint(8, 40)
    for n in range(count):
        pressure = min(7, max(1, round(7 * math.sin(math.pi * (n + 1) / (count + 1)) + rng.gauss(0, 0.3))))
        points.append(Point(round(x), round(y), pressure))
        heading += turn + rng.gauss(0, 0.15)
        speed = max(6.0, speed + rng.gauss(0, 4))
        x, y = x + speed * math.cos(heading), y + speed * math.sin(heading)
    return InkObject(f"{author}.{number}", colour=rng.choice((0, 0, 0, 1, 2)), points=encode_points(points))


def past_lesson(
    info: m.LessonInfo, deck: m.Deck | None, classroom: str = "教室0"
) -> tuple[m.LessonInfo, tuple[m.Event, ...]]:
    """Return the lesson after 45 minutes and its log; it stands at the page that has most ink on it."""
    assert deck is not None and deck.pages >= PAGES
    rng = random.Random(45)
    bodies = list(_bodies(rng, classroom))
    step = LAST_MS / len(bodies)
    events = tuple(m.Event(n + 1, round(n * step), body) for n, body in enumerate(bodies))
    started = next(event.t_ms for event in events if isinstance(event.body, m.LessonStarted))
    return replace(info, state="live", started_t_ms=started), events


def _bodies(rng: random.Random, classroom: str) -> Iterator[m.EventBody]:
    seats = [m.Participant(m.PeerId("lecturer0000"), Role.LECTURER, "周明远", "实验小学", online=False)]
    for n in range(CLASSROOMS):
        peer = m.PeerId(f"{rng.getrandbits(48):012x}")
        seats.append(m.Participant(peer, Role.CLASSROOM, f"五年级{n % 4 + 1}班", f"青山第{n}小学", f"教室{n}", False))
    yield from (m.ParticipantJoined(seat) for seat in seats)
    yield m.LeadChanged(seats[0].peer)
    yield m.RosterSet(m.Roster(m.ClassroomId(classroom), tuple(_pupil(rng, n) for n in range(PUPILS))))
    yield m.LessonStarted()
    yield m.AuthorKnown(seats[0].peer)
    most = round(FULLEST * STROKES)
    counts = [most] + [(STROKES - most) // (PAGES - 1)] * (PAGES - 1)
    counts[1] += STROKES - sum(counts)
    written = said = 0
    for page in [*range(2, PAGES + 1), 1]:  # the fullest is shown at the end
        yield m.PageTurned(page, f"第 {page} 页")
        for n in range(counts[page - 1]):
            written += 1
            yield m.InkAdded(stroke(rng, 0, written))
            if said < CHAT_LINES and n % 15 == 0:
                said += 1
                yield m.ChatAdded(_line(rng, rng.choice(seats)))


def _pupil(rng: random.Random, number: int) -> m.Pupil:
    name = rng.choice(_NAMES) + "".join(rng.choice(_SAID) for _ in range(2))
    identity = m.PupilId(f"{rng.getrandbits(64):016x}")
    return m.Pupil(identity, number + 1, name, number // 8 + 1, number % 8 + 1, number)


def _line(rng: random.Random, seat: m.Participant) -> m.ChatLine:
    text = "".join(rng.choice(_SAID) for _ in range(rng.randint(6, 40)))
    return m.ChatLine(0, seat.peer, seat.name, seat.school, text)
