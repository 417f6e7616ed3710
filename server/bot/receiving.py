"""The receiving connection of a bot, and a count of what comes out of it."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

import numpy as np
from aiortc import RTCBundlePolicy, RTCConfiguration, RTCPeerConnection, RTCRtpReceiver, RTCSessionDescription
from aiortc.mediastreams import MediaStreamError, MediaStreamTrack
from av.audio.frame import AudioFrame
from av.video.frame import VideoFrame

from server.bot.client import LessonClient
from server.bot.sending import CONNECT_S
from signaling import messages as m
from signaling.errors import Unavailable

log = logging.getLogger(__name__)

SILENCE_DBFS: Final = -90.0  # 16 bit sound knows nothing quieter


class SlotMeter:
    """Counts what one slot received since it was last read."""

    def __init__(self, slot: str, kind: str) -> None:
        self.slot = slot
        self.kind = kind
        self.frames = 0
        self.height = 0
        self._bytes = 0
        self._power = 0.0
        self._samples = 0

    def on_packet(self, size_bytes: int) -> None:
        """Count an RTP payload."""
        self._bytes += size_bytes

    def on_frame(self, frame: VideoFrame | AudioFrame) -> None:
        """Count a decoded picture or stretch of sound."""
        self.frames += 1
        if isinstance(frame, VideoFrame):
            self.height = frame.height
            return
        samples = frame.to_ndarray().astype(np.float64) / 32768
        self._power += float((samples * samples).sum())
        self._samples += samples.size

    def read(self, elapsed_s: float) -> dict[str, Any]:
        """Return the count over the last `elapsed_s` and start again."""
        report: dict[str, Any] = {
            "slot": self.slot,
            "kind": self.kind,
            "frames": self.frames,
            "kbps": round(self._bytes * 8 / 1000 / max(elapsed_s, 1e-3)),
        }
        if self.kind == "video":
            report["height"] = self.height if self.frames else 0
        else:
            report["level_dbfs"] = round(self._level_dbfs())
        self.frames, self._bytes, self._power, self._samples = 0, 0, 0.0, 0
        return report

    def _level_dbfs(self) -> float:
        if self._samples == 0 or self._power == 0:
            return SILENCE_DBFS
        return max(SILENCE_DBFS, 10 * math.log10(self._power / self._samples))


class Receiving:
    """A connection that receives, one meter a slot in the order of the offer."""

    def __init__(self, connection: RTCPeerConnection, epoch: int, meters: list[SlotMeter]) -> None:
        self._connection = connection
        self._epoch = epoch
        self.meters = meters

    def is_good(self, client: LessonClient) -> bool:
        """Whether the media path stands and the server has not asked for another."""
        return client.media_epoch == self._epoch and self._connection.connectionState == "connected"


@asynccontextmanager
async def receiving(client: LessonClient, tiles: int) -> AsyncIterator[Receiving]:
    """Receive while the block runs.

    Raises:
        Refused: the server gives this seat no media.
        Unavailable: no media path came about.
    """
    # Not BALANCED: aiortc 1.16 then takes the candidates of the last description of a kind, where a bundle has none.
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[], bundlePolicy=RTCBundlePolicy.MAX_COMPAT))
    connected = asyncio.Event()

    @connection.on("connectionstatechange")
    def _changed() -> None:
        if connection.connectionState != "connecting":
            connected.set()

    epoch = client.media_epoch
    try:
        offer = await client.request(lambda number: m.Subscribe(number, tiles=tiles))
        assert isinstance(offer, m.SubscribeOffer), offer
        await connection.setRemoteDescription(RTCSessionDescription(offer.sdp, "offer"))
        await connection.setLocalDescription(await connection.createAnswer())
        sdp = connection.localDescription.sdp
        meters = {line.mid: SlotMeter(line.slot, line.kind) for line in offer.slots}
        for transceiver in connection.getTransceivers():
            _count_packets(transceiver.receiver, meters[str(transceiver.mid)])
        await client.request(lambda number: m.SubscribeAnswer(number, sdp))
        async with asyncio.TaskGroup() as tasks:
            readers = [
                tasks.create_task(_drain(transceiver.receiver.track, meters[str(transceiver.mid)]))
                for transceiver in connection.getTransceivers()
            ]
            try:
                await asyncio.wait_for(connected.wait(), CONNECT_S)
                yield Receiving(connection, epoch, list(meters.values()))
            except TimeoutError as error:
                raise Unavailable("media_unreachable", "连不上媒体端口：请检查 UDP 是否畅通。") from error
            finally:
                for reader in readers:
                    reader.cancel()
    finally:
        await connection.close()


async def _drain(track: MediaStreamTrack, meter: SlotMeter) -> None:
    """Take every frame: aiortc's queue has no bound of its own."""
    while True:
        try:
            frame = await track.recv()
        except MediaStreamError:
            return
        assert isinstance(frame, VideoFrame | AudioFrame), frame
        meter.on_frame(frame)


def _count_packets(receiver: RTCRtpReceiver, meter: SlotMeter) -> None:
    """Count the packets of `receiver`; aiortc's statistics have no bytes of a stream.

    Wraps the one private method that its transport calls for each packet (tests/unit/server/bot holds it to that).
    """
    handle = receiver._handle_rtp_packet

    async def counted(packet: Any, arrival_time_ms: int) -> None:
        meter.on_packet(len(packet.payload))
        await handle(packet, arrival_time_ms)

    receiver._handle_rtp_packet = counted  # type: ignore[method-assign]
