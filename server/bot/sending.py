"""The sending connection of a bot: offered once, as a browser would (docs/signaling.md)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Final

from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription
from aiortc.mediastreams import MediaStreamTrack
from aiortc.rtcrtpparameters import RTCRtpCodecCapability

from server.bot.client import LessonClient
from signaling import messages as m
from signaling.errors import Unavailable

log = logging.getLogger(__name__)

CONNECT_S: Final = 15.0  # ICE and DTLS over a bad link; on a LAN it is some 50 ms


class Sending:
    """A connection that sends, and whether it still does."""

    def __init__(self, connection: RTCPeerConnection, epoch: int) -> None:
        self._connection = connection
        self._epoch = epoch

    def is_good(self, client: LessonClient) -> bool:
        """Whether the media path stands and the server has not asked for another."""
        return client.media_epoch == self._epoch and self._connection.connectionState == "connected"


@asynccontextmanager
async def sending(client: LessonClient, tracks: Sequence[tuple[m.Source, MediaStreamTrack]]) -> AsyncIterator[Sending]:
    """Send `tracks` while the block runs; a track is stopped at its end.

    Raises:
        Refused: the server does not take this media.
        Unavailable: no media path came about.
    """
    connection = RTCPeerConnection(
        RTCConfiguration(iceServers=[])
    )  # the server is reached directly: ask no STUN server
    connected = asyncio.Event()

    @connection.on("connectionstatechange")
    def _changed() -> None:
        if connection.connectionState != "connecting":
            connected.set()

    epoch = client.media_epoch
    try:
        for _, track in tracks:
            transceiver = connection.addTransceiver(track, direction="sendonly")
            transceiver.setCodecPreferences(_codecs(track.kind))
        await connection.setLocalDescription(await connection.createOffer())
        sdp = connection.localDescription.sdp
        lines = tuple(
            m.SourceLine(str(transceiver.mid), source)
            for transceiver, (source, _) in zip(connection.getTransceivers(), tracks, strict=True)
        )
        answer = await client.request(lambda number: m.Publish(number, sdp, lines))
        assert isinstance(answer, m.PublishAnswer), answer
        await connection.setRemoteDescription(RTCSessionDescription(answer.sdp, "answer"))
        try:
            await asyncio.wait_for(connected.wait(), CONNECT_S)
        except TimeoutError as error:
            raise Unavailable("media_unreachable", "连不上媒体端口：请检查 UDP 是否畅通。") from error
        yield Sending(connection, epoch)
    finally:
        await connection.close()
        for _, track in tracks:
            track.stop()


def _codecs(kind: str) -> list[RTCRtpCodecCapability]:
    """Return the one codec that every part of Tongtang speaks, with its retransmission where it has one."""
    wanted = ("video/vp8", "video/rtx") if kind == "video" else ("audio/opus",)
    return [codec for codec in RTCRtpSender.getCapabilities(kind).codecs if codec.mimeType.lower() in wanted]
