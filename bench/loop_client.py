"""A classroom's receiving connection in an event loop: a handshake among many others, feedback as Chromium gives it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from bench.rtc_client import RtcClient
from media.rtp import read_u16
from media.transport.dtls import Certificate, Dtls
from media.twcc import TwccRecorder

TWCC_ID = 2  # as media/sdp.py offers it


class LoopClient(RtcClient):
    """The bench's client, for an event loop."""

    def __init__(self, certificate: Certificate | None = None, seed: int = 1) -> None:
        super().__init__(certificate, seed)
        self.socket.setblocking(False)

    @property
    def fingerprint(self) -> tuple[str, str]:
        """Return the server's fingerprint as its description says."""
        return self._fingerprint

    def decrypt(self, data: bytes) -> bytes | None:
        """Return the RTP or RTCP packet in `data`, None when it is not authentic."""
        assert self.srtp is not None
        self._received.view[: len(data)] = data
        unprotect = self.srtp.unprotect_rtcp if 192 <= data[1] <= 223 else self.srtp.unprotect
        size = unprotect(self._received, len(data))
        return bytes(self._received.view[:size]) if size > 0 else None


async def secure(client: LoopClient) -> None:
    """Check the path and shake hands, like `RtcClient.connect`, among many others in one loop."""
    loop = asyncio.get_running_loop()
    dtls = Dtls(client.certificate, [client.fingerprint], is_server=False)
    is_checked = False
    client.check()
    while dtls.srtp is None:
        try:
            async with asyncio.timeout(0.2):
                data = await loop.sock_recv(client.socket, 4096)
        except TimeoutError:
            data = b""
            if not is_checked:
                client.check()
            else:
                for datagram in dtls.on_timeout():
                    client.send_raw(datagram)
        if data and data[0] <= 3 and not is_checked:
            is_checked = True
            for datagram in dtls.start():
                client.send_raw(datagram)
        elif data and 20 <= data[0] <= 63:
            for datagram in dtls.on_datagram(data):
                client.send_raw(datagram)
    client.srtp = dtls.srtp


class Receiver:
    """A classroom's receiving transport after the handshake: feedback as Chromium gives it."""

    def __init__(self, client: LoopClient) -> None:
        self.client = client
        self.is_over = False
        self._recorder = TwccRecorder(1)
        self.on_packet: Callable[[bytes], None] = lambda packet: None

    def on_readable(self) -> None:
        """Read all that waits."""
        while not self.is_over:
            try:
                data = self.client.socket.recv(2048)
            except BlockingIOError:
                return
            if len(data) < 12 or not 128 <= data[0] <= 191 or 192 <= data[1] <= 223:
                continue
            number = read_u16(data, TWCC_ID)
            if number >= 0:
                ssrc = int.from_bytes(data[8:12], "big")
                self._recorder.on_packet(number, time.monotonic_ns(), ssrc, time.monotonic())
            packet = self.client.decrypt(data)
            if packet is not None:
                self.on_packet(packet)

    async def answer(self) -> None:
        """Send feedback and checks for ever."""
        while True:
            await asyncio.sleep(0.1)
            self.client.keep_alive()
            for packet in self._recorder.on_timeout(time.monotonic()):
                self.client.send_rtcp(packet)
