"""What waits for one page's socket: bounded, and ended with the first reason."""

from __future__ import annotations

import pytest

from server.planning.plans.links import MAX_OUTBOX_BYTES, MAX_OUTBOX_FRAMES, Link, cut
from server.planning.plans.wire import Close


@pytest.mark.parametrize(("frame", "many"), [(bytes(1 << 20), MAX_OUTBOX_BYTES >> 20), (b"\x00", MAX_OUTBOX_FRAMES)])
async def test_a_page_that_takes_nothing_is_sent_away_and_nothing_is_kept_for_it(frame: bytes, many: int) -> None:
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    link = Link("A", "session", 0.0)
    for _ in range(many):
        link.push(frame)
    assert link.ending is None
    for _ in range(3):
        link.push(frame)
    link.end(Close.SIGNED_OUT, "另一个原因")
    await link.write(send)  # type: ignore[arg-type]
    (closing,) = sent
    assert (closing["type"], closing["code"]) == ("websocket.close", Close.TRY_LATER)


async def test_what_is_queued_goes_out_before_the_end() -> None:
    sent: list[dict[str, object]] = []

    async def send(message: dict[str, object]) -> None:
        sent.append(message)

    link = Link("A", "session", 0.0)
    link.push(b"\x01")
    link.end(Close.COME_AGAIN, "权限有变化")
    link.push(b"\x02")
    await link.write(send)  # type: ignore[arg-type]
    assert [one.get("bytes", one.get("code")) for one in sent] == [b"\x01", Close.COME_AGAIN]


def test_a_reason_is_cut_between_letters() -> None:
    assert cut("课" * 41) == "课" * 40 and cut("a" + "课" * 40) == "a" + "课" * 39
