from __future__ import annotations

import itertools

import pytest

from media.bwe.link_state import TRANSITIONS, LinkEffect, LinkEvent, LinkState, step

NORMAL, SUSPECT, OUTAGE, RECOVER = LinkState
IMPOSSIBLE = {
    (NORMAL, LinkEvent.DEAD),
    (NORMAL, LinkEvent.SETTLED),
    (SUSPECT, LinkEvent.LATE),
    (SUSPECT, LinkEvent.SETTLED),
    (OUTAGE, LinkEvent.LATE),
    (OUTAGE, LinkEvent.DEAD),
    (OUTAGE, LinkEvent.SETTLED),
    (RECOVER, LinkEvent.DEAD),
}


@pytest.mark.parametrize(("state", "event"), list(itertools.product(LinkState, LinkEvent)))
def test_every_pair_is_in_the_table_or_refused(state: LinkState, event: LinkEvent) -> None:
    if (state, event) in IMPOSSIBLE:
        with pytest.raises(ValueError, match=r"LinkEvent\."):
            step(state, event)
    else:
        assert step(state, event) == TRANSITIONS[state, event]


@pytest.mark.parametrize(("state", "effect"), [(SUSPECT, LinkEffect.EASE), (OUTAGE, LinkEffect.RESTART)])
def test_only_feedback_brings_video_back(state: LinkState, effect: LinkEffect) -> None:
    assert step(state, LinkEvent.HEARD)[0] is state
    assert step(state, LinkEvent.FEEDBACK) == (RECOVER, (effect,))
