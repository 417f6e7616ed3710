"""People at a meeting's table, in one process: `python -m bench.meeting_people --server URL --room ID NAME…`.

Each logs in, sends a camera of 180 lines at 5 pictures a second and a voice, and receives what a browser would ask for.
They speak in turns of `TURN_S`, with the words of a recording. Ends with its standard input.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import wave

import numpy as np
import numpy.typing as npt
from av.audio.frame import AudioFrame

from bench import link_clip
from server.bot.classroom import HumTrack, RoomTrack, draw
from server.bot.client import LessonClient, explain
from server.bot.media_file import BLOCK, SAMPLE_RATE_HZ, Timeline
from server.bot.options import Access
from server.bot.receiving import receiving
from server.bot.seat import take_seat
from server.bot.sending import sending
from signaling.errors import Refused, Unavailable
from tests.e2e.school import PASSWORD

TURN_S = 4.0
AGAIN_S = 2.0


class TalkTrack(HumTrack):
    """A voice that speaks when it is its turn, and hums else."""

    def __init__(self, timeline: Timeline, number: int, people: int, speech: npt.NDArray[np.int16]) -> None:
        super().__init__(timeline, number)
        self._number, self._people, self._speech = number, people, speech

    async def recv(self) -> AudioFrame:
        """Return the next 20 ms when they are due."""
        begin, is_turn = self._at, int(self._at / SAMPLE_RATE_HZ / TURN_S) % self._people == self._number
        frame = await super().recv()
        if not is_turn:
            return frame
        at = begin % (len(self._speech) - BLOCK)
        spoken = AudioFrame.from_ndarray(self._speech[None, at : at + BLOCK].copy(), format="s16", layout="mono")
        spoken.sample_rate, spoken.pts, spoken.time_base = frame.sample_rate, frame.pts, frame.time_base
        return spoken


async def sit(client: LessonClient, number: int, people: int, tiles: int, timeline: Timeline) -> None:
    """Send and receive for as long as the meeting lasts."""
    with wave.open(str(link_clip.voice_clip()[0])) as file:
        speech = np.frombuffer(file.readframes(file.getnframes()), np.int16)
    pictures = await asyncio.to_thread(draw, number)
    while True:
        if not client.is_ready:
            await client.wait_change(1.0)
            continue
        voice = TalkTrack(timeline, number, people, speech)
        try:
            async with (
                sending(client, [("mic", voice), ("camera", RoomTrack(timeline, pictures))]) as out,
                receiving(client, tiles) as back,
            ):
                while out.is_good(client) and back.is_good(client):
                    await client.wait_change(1.0)
        except* (Refused, Unavailable) as group:
            print("；".join(explain(one) for one in group.exceptions), file=sys.stderr, flush=True)
        await asyncio.sleep(AGAIN_S)


async def run(server: str, room: str, names: list[str], tiles: int) -> None:
    """Let everybody sit until standard input ends."""
    timeline = Timeline()
    async with asyncio.TaskGroup() as tasks:
        seats = [
            tasks.create_task(
                take_seat(
                    Access(room=room, server=server, username=name, password=PASSWORD),
                    "member",
                    lambda client, number=number: sit(client, number, len(names), tiles, timeline),  # type: ignore[misc]
                )
            )
            for number, name in enumerate(names)
        ]
        await asyncio.to_thread(sys.stdin.read)
        for seat in seats:
            seat.cancel()


def main() -> int:
    """Sit at the table."""
    parser = argparse.ArgumentParser(description="people at a meeting's table")
    parser.add_argument("--server", required=True)
    parser.add_argument("--room", required=True)
    parser.add_argument("--tiles", type=int, default=11, help="small pictures that each asks for")
    parser.add_argument("names", nargs="+")
    given = parser.parse_args()
    asyncio.run(run(given.server, given.room, given.names, given.tiles))
    return 0


if __name__ == "__main__":
    sys.exit(main())
