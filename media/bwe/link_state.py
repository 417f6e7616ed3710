"""The states of a sending link, as one table (what each means for the media stands at `LinkState`).

Feedback proves both directions; any other authenticated packet of the receiver (RTCP, STUN) proves only that its own
direction lives. Silence counts only while packets are in flight: who sends nothing hears nothing.
"""

from __future__ import annotations

import enum


class LinkState(enum.Enum):
    """What is known of the link."""

    NORMAL = "normal"
    SUSPECT = (
        "suspect"  # silent for longer than feedback takes: a trickle of video, sound goes on and asks for feedback
    )
    OUTAGE = "outage"  # silent for long: sound only, what was lost before the return is not worth a repair
    RECOVER = "recover"  # feedback came again: video from a small rate on, climbing back fast


class LinkEvent(enum.Enum):
    """What happened to the link."""

    FEEDBACK = "feedback"  # transport-wide feedback of a packet we sent
    HEARD = "heard"  # any other authenticated packet of the receiver
    LATE = "late"  # packets are in flight and feedback is overdue
    DEAD = "dead"  # … and stayed away
    SETTLED = "settled"  # the rate is back, or time enough went by in RECOVER


class LinkEffect(enum.Enum):
    """What the controller must do on a transition."""

    REMEMBER = "remember"  # keep the estimate as the one to climb back to
    PING = "ping"  # send a padding packet now: something must draw feedback
    EASE = "ease"  # go on at a smaller rate
    RESTART = "restart"  # begin again at a small rate


_S, _E, _F = LinkState, LinkEvent, LinkEffect
TRANSITIONS: dict[tuple[LinkState, LinkEvent], tuple[LinkState, tuple[LinkEffect, ...]]] = {
    (_S.NORMAL, _E.FEEDBACK): (_S.NORMAL, ()),
    (_S.NORMAL, _E.HEARD): (_S.NORMAL, ()),
    (_S.NORMAL, _E.LATE): (_S.SUSPECT, (_F.REMEMBER, _F.PING)),
    (_S.SUSPECT, _E.FEEDBACK): (_S.RECOVER, (_F.EASE,)),
    (_S.SUSPECT, _E.HEARD): (_S.SUSPECT, ()),
    (_S.SUSPECT, _E.DEAD): (_S.OUTAGE, ()),
    (_S.OUTAGE, _E.FEEDBACK): (_S.RECOVER, (_F.RESTART,)),
    (_S.OUTAGE, _E.HEARD): (_S.OUTAGE, (_F.PING,)),
    (_S.RECOVER, _E.FEEDBACK): (_S.RECOVER, ()),
    (_S.RECOVER, _E.HEARD): (_S.RECOVER, ()),
    (_S.RECOVER, _E.LATE): (_S.SUSPECT, (_F.PING,)),
    (_S.RECOVER, _E.SETTLED): (_S.NORMAL, ()),
}


def step(state: LinkState, event: LinkEvent) -> tuple[LinkState, tuple[LinkEffect, ...]]:
    """Return the state after `event` and what must be done, in order.

    Raises:
        ValueError: `event` cannot happen in `state`.
    """
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        raise ValueError(f"{event} in {state}") from None
