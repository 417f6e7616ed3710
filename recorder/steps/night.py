"""What takes too long for the minutes after class: smaller pictures, encoded, where no middle layer was recorded."""

from __future__ import annotations

from recorder.edit import LOW_LINES
from recorder.night_encoder import encode_small
from recorder.steps.media import Made
from recorder.workshop import Workshop


def is_wanted(shop: Workshop) -> bool:
    """Return whether the night has work: the middle layer does not cover the lesson, and nothing was encoded yet."""
    done = shop.note("night")
    return bool(shop.facts("low").get("night")) and (done is None or done.inputs != shop.media_inputs)


def encode_low(shop: Workshop) -> Made:
    """Encode the lecturer's file with at most `LOW_LINES`; its voice is copied."""
    source = shop.find("lecturer")
    if source is None or not shop.facts("low").get("night"):
        return Made([])
    temporary = shop.temporary("low.mp4")
    encode_small(source, temporary, LOW_LINES, shop.settings.low_codec)
    (shop.folder / "low.webm").unlink(missing_ok=True)
    return Made([shop.commit(temporary, "low.mp4")])
