"""How recordings are finalised: settings that the web process hands down to the finaliser."""

from __future__ import annotations

from typing import Literal

import msgspec

LowCodec = Literal["h264", "av1"]


class FinaliseSettings(msgspec.Struct, frozen=True):
    """Everything here is off or cheap by default."""

    transcriber: str = ""  # name of a plug-in (recorder.words); empty: none
    page_reader: str = ""
    low_codec: LowCodec = "h264"
    night: tuple[int, int] | None = (60, 300)  # minutes of the local day in which a night job may begin; None: never
    timezone: str = "Asia/Shanghai"

    def words_key(self) -> str:
        """Return what changes when pages are read by something else."""
        return self.page_reader


def is_night(night: tuple[int, int] | None, minute: int) -> bool:
    """Return whether a night job may begin at this minute of the day; a night may go over midnight."""
    if night is None:
        return False
    start, end = night
    return start <= minute < end if start <= end else minute >= start or minute < end


decode_settings = msgspec.json.Decoder(FinaliseSettings).decode


def encode_settings(settings: FinaliseSettings) -> str:
    """Return the settings as an argument of a command line."""
    return msgspec.json.encode(settings).decode()
