/** How long a picture is held back so that what was lost can be sent again. The server says so with each packet (the
 *  playout-delay header extension); where a browser did not take that, the receivers are told here. */
import type { Link } from '@/generated/messages';

const EXTENSION = 'http://www.webrtc.org/experiments/rtp-hdrext/playout-delay';
const MIN_LOSS = 0.01; // below this a repair seldom comes into play
const LATE = 0.002; // what may still come too late
const PACKETS = 2; // of a picture of the middle layer
const RETRY_MS = 110; // between two requests for the same packet: Chromium's, at any round trip (measured)
const MOST_MS = 1_000; // a lecture bears it; a conversation would not

/** Return how long pictures should be held back on a link, in ms; 0: not at all. */
export function playoutMs(lossFraction: number, rttMs: number): number {
  if (lossFraction < MIN_LOSS) return 0;
  const share = Math.min(0.9, lossFraction);
  const tries = Math.min(6, Math.max(1, Math.round(Math.log(PACKETS / LATE) / Math.log(1 / share))));
  return Math.min(MOST_MS, Math.round(rttMs + RETRY_MS * (tries - 1)));
}

type Delayed = RTCRtpReceiver & { jitterBufferTarget?: number | null };

/** Hold back the pictures of `pc`, and the voices with them, where the server's own word was not taken. */
export function setPlayoutTargets(pc: RTCPeerConnection, link: Link): void {
  if (pc.localDescription?.sdp.includes(EXTENSION) === true) return;
  const target = playoutMs(link.loss_pct / 100, link.rtt_ms);
  for (const receiver of pc.getReceivers() as Delayed[]) {
    if ('jitterBufferTarget' in receiver) receiver.jitterBufferTarget = target === 0 ? null : target;
  }
}
