/** What a connection's own statistics say, reduced to what the client acts on. */

export interface FlowSample {
  atMs: number;
  bytes: number;
}

/** Without a byte for so long, people are told that the path is cut. */
export const CUT_AFTER_MS = 2_000;

/** Judges from byte counts whether media arrives. Pure. */
export class FlowWatch {
  private last: FlowSample | null = null;

  /** Return whether the flow is cut at this sample. A counter that starts anew (a new connection) is no cut. */
  isCut(sample: FlowSample): boolean {
    if (!this.last || sample.bytes !== this.last.bytes) {
      this.last = sample;
      return false;
    }
    return sample.atMs - this.last.atMs >= CUT_AFTER_MS;
  }
}

/** Return how many bytes of media `pc` has received. */
export async function receivedBytes(pc: RTCPeerConnection): Promise<number> {
  let bytes = 0;
  (await pc.getStats()).forEach((entry: RTCStats & { bytesReceived?: number }) => {
    if (entry.type === 'inbound-rtp') bytes += entry.bytesReceived ?? 0;
  });
  return bytes;
}
