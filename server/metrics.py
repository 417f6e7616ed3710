"""What Prometheus reads: the gauges of this process, and the lessons as they are at each scrape."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from server.context import services_of
from server.lessons.playback_keeper import school_label
from signaling.messages import Rung

_lessons = Gauge("tongtang_lessons_live", "Lessons that are going on")
_classrooms = Gauge("tongtang_classrooms_online", "Classrooms in live lessons")
_people = Gauge("tongtang_people_online", "People in live lessons")
_rung = Gauge(
    "tongtang_classroom_rung",
    "Lowest rung of the school's classrooms: 0 sound, 1 slides and sound, 2 180 lines, 3 360, 4 720",
    ["school"],
)


_RUNGS: tuple[Rung, ...] = ("audio", "slides_audio", "smooth", "clear", "hd")


def _set_rungs(rungs: list[tuple[str, Rung]]) -> None:
    """Show the lowest rung of each school that is in a lesson; one that is in none has no series."""
    lowest: dict[str, int] = {}
    for school, rung in rungs:
        label = school_label(school)
        lowest[label] = min(lowest.get(label, len(_RUNGS)), _RUNGS.index(rung))
    _rung.clear()
    for label, level in lowest.items():
        _rung.labels(label).set(level)


async def scrape(request: Request) -> Response:
    """Return the metrics of this process as Prometheus text."""
    services = services_of(request)
    live = await services.lessons.live()
    seats = [services.live.seats(lesson) for lesson in live]
    _lessons.set(len(live))
    _classrooms.set(sum(seat.classrooms_online for seat in seats))
    _people.set(sum(seat.people_online for seat in seats))
    _set_rungs(services.live.rungs())
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
