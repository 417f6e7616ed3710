"""What adaptation is compared with: one fixed layer, sent to everybody whatever their link carries."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Page

BASELINE_BPS = 1_200_000
FIXED_RATE = "MEDIA_FIXED_RATE"  # read by the media worker alone: not a setting, and of no use in a lesson

# One encoding instead of three, of a size and a rate that nothing changes afterwards.
_ONE_LAYER = """
(bps) => {
  const plain = RTCPeerConnection.prototype.addTransceiver;
  RTCPeerConnection.prototype.addTransceiver = function (kind, init = {}) {
    const encodings = init.sendEncodings;
    if (!encodings?.some(({ rid }) => rid === 'f')) return plain.call(this, kind, init);
    const found = plain.call(this, kind, {
      ...init, sendEncodings: [{ maxBitrate: bps, maxFramerate: 24 }],
    });
    const { sender } = found;
    const set = sender.setParameters.bind(sender);
    sender.setParameters = () => set({ ...sender.getParameters(), degradationPreference: 'maintain-resolution' });
    return found;
  };
}
"""


def fix_one_layer(page: Page) -> None:
    """Let the lecturer's camera be sent as one layer of 1.2 Mbit/s in every document that `page` loads from now on."""
    page.add_init_script(f"({_ONE_LAYER})({BASELINE_BPS})")


@contextmanager
def fixed_rate(is_baseline: bool) -> Iterator[None]:
    """Let servers that are started inside the block send whatever the link carries, when `is_baseline`."""
    if not is_baseline:
        yield
        return
    os.environ[FIXED_RATE] = "1"
    try:
        yield
    finally:
        del os.environ[FIXED_RATE]
