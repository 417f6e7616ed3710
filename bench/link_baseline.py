"""What adaptation is compared with: one fixed layer, sent to everybody whatever their link carries."""

from __future__ import annotations

from collections.abc import Sequence

from playwright.sync_api import Page

BASELINE_BPS = 1_200_000

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


def server_flags(is_baseline: bool) -> Sequence[str]:
    """Return what switches the server's adaptation off."""
    return ()
