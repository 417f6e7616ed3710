"""What Prometheus reads: the gauges of this process, and the lessons as they are at each scrape."""

from __future__ import annotations

from prometheus_client import CONTENT_TYPE_LATEST, Gauge, generate_latest
from starlette.requests import Request
from starlette.responses import Response

from server.context import services_of

_lessons = Gauge("tongtang_lessons_live", "Lessons that are going on")
_classrooms = Gauge("tongtang_classrooms_online", "Classrooms in live lessons")
_people = Gauge("tongtang_people_online", "People in live lessons")


async def scrape(request: Request) -> Response:
    """Return the metrics of this process as Prometheus text."""
    services = services_of(request)
    live = await services.lessons.live()
    seats = [services.presence.seats(lesson) for lesson in live]
    _lessons.set(len(live))
    _classrooms.set(sum(seat.classrooms_online for seat in seats))
    _people.set(sum(seat.people_online for seat in seats))
    return Response(generate_latest(), media_type=CONTENT_TYPE_LATEST)
