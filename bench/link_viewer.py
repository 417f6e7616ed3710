"""What a page says about itself while it teaches or watches: presented frames, and its statistics once a second."""

from __future__ import annotations

import time
from typing import Any

from playwright.sync_api import Page

# Installed before the page's own scripts. Everything is stamped by performance.now(): no clock that could be set.
PROBE = """
() => {
  if (window.probe || window.top !== window) return;
  const probe = (window.probe = { frames: [], samples: [], link: null, connections: [] });
  const Peer = window.RTCPeerConnection;
  if (!Peer) return;
  window.RTCPeerConnection = class extends Peer {
    constructor(...given) { super(...given); probe.connections.push(this); }
  };
  const Socket = window.WebSocket;
  window.WebSocket = class extends Socket {
    constructor(...given) {
      super(...given);
      this.addEventListener('message', ({ data }) => {
        if (typeof data !== 'string' || !data.includes('"links"')) return;
        try {
          const said = JSON.parse(data);
          const links = said.links ?? said.notice?.links ?? said.body?.links;
          if (Array.isArray(links) && links[0]) probe.link = links[0];
        } catch { /* not ours to judge */ }
      });
    }
  };
  const shown = () => document.querySelector('[data-slot=lecturer] video');
  const watched = new WeakSet();
  const watch = (video) => {
    watched.add(video);
    const next = (now, facts) => {
      probe.frames.push([facts.presentationTime, facts.height, facts.rtpTimestamp ?? null]);
      video.requestVideoFrameCallback(next);
    };
    video.requestVideoFrameCallback(next);
  };
  setInterval(() => { const video = shown(); if (video && !watched.has(video)) watch(video); }, 50);
  const canvas = new OffscreenCanvas(16, 9);
  const pen = canvas.getContext('2d', { willReadFrequently: true });
  const brightness = (element) => {
    if (!element || !(element.videoWidth || element.width)) return null;
    pen.drawImage(element, 0, 0, 16, 9);
    const { data } = pen.getImageData(0, 0, 16, 9);
    let sum = 0;
    for (let i = 0; i < data.length; i += 4) sum += data[i] + data[i + 1] + data[i + 2];
    return Math.round(sum / (data.length / 4) / 3);
  };
  const visible = (element) => Boolean(element && element.offsetParent !== null);
  // What the eye meets where the lecturer is: the moving picture or the kept still above it; -1: neither is there.
  const looks = () => {
    const still = document.querySelector('[data-slot=lecturer] canvas');
    const video = shown();
    const level = visible(still) ? brightness(still) : brightness(video);
    return level ?? -1;
  };
  const keep = ['bytesReceived', 'packetsReceived', 'packetsLost', 'framesDecoded', 'framesDropped', 'keyFramesDecoded',
    'frameHeight', 'nackCount', 'pliCount', 'jitterBufferDelay', 'jitterBufferEmittedCount', 'freezeCount',
    'totalFreezesDuration', 'totalSamplesReceived', 'concealedSamples', 'silentConcealedSamples', 'totalAudioEnergy',
    'retransmittedPacketsReceived', 'fecPacketsReceived', 'rid', 'bytesSent', 'framesEncoded', 'targetBitrate',
    'qualityLimitationReason', 'qualityLimitationDurations', 'framesPerSecond', 'mid', 'active', 'kind',
    'trackIdentifier', 'encoderImplementation', 'totalEncodeTime', 'totalDecodeTime', 'insertedSamplesForDeceleration',
    'removedSamplesForAcceleration'];
  const sample = async () => {
    const one = { t: performance.now(), streams: [], link: probe.link, light: looks() };
    one.status = document.querySelector('[data-status]')?.dataset.status ?? null;
    one.note = document.querySelector('[data-slot=lecturer] .tile__note')?.textContent ?? '';
    one.track = shown()?.srcObject?.getVideoTracks()[0]?.id ?? null;
    for (const [number, connection] of probe.connections.entries()) {
      if (connection.connectionState === 'closed') continue;
      for (const report of (await connection.getStats()).values()) {
        if (report.type === 'transport') one.state = report.dtlsState;
        if (report.type === 'candidate-pair' && report.nominated && report.currentRoundTripTime !== undefined)
          (one.rtt ??= {})[number] = report.currentRoundTripTime;
        if (report.type !== 'inbound-rtp' && report.type !== 'outbound-rtp') continue;
        const found = { of: number, way: report.type === 'inbound-rtp' ? 'in' : 'out' };
        for (const name of keep) if (report[name] !== undefined) found[name] = report[name];
        one.streams.push(found);
      }
    }
    probe.samples.push(one);
  };
  setInterval(() => void sample(), 1000);
}
"""
TAKE = """
() => {
  const probe = window.probe;
  const taken = { frames: probe.frames, samples: probe.samples };
  probe.frames = []; probe.samples = [];
  return taken;
}
"""
# How the selected path of each connection goes, for tests that must know that it is relayed.
PATHS = """
async () => {
  const found = [];
  for (const connection of window.probe.connections) {
    if (connection.connectionState === 'closed') continue;
    const reports = await connection.getStats();
    for (const report of reports.values()) {
      if (report.type !== 'transport' || !report.selectedCandidatePairId) continue;
      const pair = reports.get(report.selectedCandidatePairId);
      const local = reports.get(pair.localCandidateId);
      found.push({ type: local.candidateType, relay: local.relayProtocol ?? null, protocol: local.protocol,
        state: connection.connectionState });
    }
  }
  return found;
}
"""


class Probe:
    """Collects what a probed page saw, on the monotonic clock."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self.frames: list[tuple[float, int, int | None]] = []  # presented at, lines, RTP timestamp
        self.samples: list[dict[str, Any]] = []

    def install(self) -> None:
        """Probe every document that the page loads from now on."""
        self._page.add_init_script(f"({PROBE})()")

    def forget(self) -> None:
        """Forget what was collected."""
        self.frames, self.samples = [], []

    def take(self) -> None:
        """Move what the page has collected over here; a page that has been left has lost its own."""
        offset = self._offset()
        taken = self._page.evaluate(TAKE)
        for at, height, timestamp in taken["frames"]:
            self.frames.append((at / 1e3 + offset, int(height), timestamp))
        for sample in taken["samples"]:
            self.samples.append({**sample, "t": sample["t"] / 1e3 + offset})

    def paths(self) -> list[dict[str, Any]]:
        """Return how each connection's media goes now."""
        found: list[dict[str, Any]] = self._page.evaluate(PATHS)
        return found

    def _offset(self) -> float:
        """Return what to add to the page's seconds to get monotonic ones; the quickest of three questions."""
        best = (1e9, 0.0)
        for _ in range(3):
            asked = time.monotonic()
            said = float(self._page.evaluate("performance.now()")) / 1e3
            took = time.monotonic() - asked
            best = min(best, (took, asked + took / 2 - said))
        return best[1]
