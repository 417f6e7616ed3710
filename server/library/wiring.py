"""Everything of the resource library that is made once a server, but for what lives with its recordings."""

from __future__ import annotations

from dataclasses import dataclass

from server.ground import Ground
from server.lessons.service import LessonService
from server.library.gaps.pieces import MAX_PIECE_BYTES
from server.library.gaps.service import PURPOSE as GAP_PURPOSE, GapService
from server.library.resources.consenting import ConsentService
from server.library.resources.material import MAX_FILE_BYTES, PURPOSE as MATERIAL_PURPOSE, MaterialService
from server.library.resources.reviewing import ReviewService
from server.library.resources.service import ResourceService
from server.live_ports import Live
from server.uploads.service import UploadService

UPLOAD_LIMITS = {MATERIAL_PURPOSE: MAX_FILE_BYTES, GAP_PURPOSE: MAX_PIECE_BYTES}  # bytes by an upload's purpose


@dataclass(frozen=True)
class Library:
    """The services of resources: what they are, who let them out, and what was recorded where the link failed."""

    resources: ResourceService
    reviews: ReviewService
    consents: ConsentService
    material: MaterialService
    gaps: GapService


def make_library(ground: Ground, lessons: LessonService, uploads: UploadService, live: Live) -> Library:
    """Return the services; `live` says whose link is busy with a lesson, and makes recordings again."""
    database, clock = ground.database, ground.clock
    return Library(
        resources=ResourceService(database, clock),
        reviews=ReviewService(database, clock),
        consents=ConsentService(database, clock),
        material=MaterialService(database, uploads, ground.files.material, clock),
        gaps=GapService(
            database,
            uploads,
            lessons,
            ground.recordings,
            live.remake,
            lambda school: bool(live.spares(school)),
            ground.settings.recordings_local_days,
            clock,
        ),
    )
