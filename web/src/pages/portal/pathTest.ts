/** How the way to the server is: by HTTP, by WebSocket, and by the UDP that sound and picture take. Knows no Vue. */
import { ApiError, request } from '@/api/client';
import { median } from './checkWords';

const PROBES = 5;
const SOCKET_TIMEOUT_MS = 5000;
const MEDIA_TIMEOUT_MS = 6000; // ICE checks are repeated for a few seconds before they are given up

/** Return the middle round trip of a few small requests in ms, or null when the server does not answer. */
export async function measureLatency(): Promise<number | null> {
  const times: number[] = [];
  for (let i = 0; i < PROBES; i += 1) {
    const begun = performance.now();
    try {
      await request<unknown>('GET', '/healthz');
    } catch (error) {
      if (!(error instanceof ApiError) || error.status === 0) return null;
    }
    times.push(performance.now() - begun);
  }
  return median(times);
}

/** Return whether a WebSocket to the server opens. */
export function canOpenSocket(): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/ws`);
    const finish = (ok: boolean): void => {
      clearTimeout(timer);
      socket.onopen = socket.onerror = socket.onclose = null;
      socket.close();
      resolve(ok);
    };
    const timer = setTimeout(() => finish(false), SOCKET_TIMEOUT_MS);
    socket.onopen = () => finish(true);
    socket.onerror = socket.onclose = () => finish(false);
  });
}

/** Return whether this connection's checks are answered in time. */
function becomesConnected(pc: RTCPeerConnection): Promise<boolean> {
  return new Promise((resolve) => {
    const timer = setTimeout(() => resolve(false), MEDIA_TIMEOUT_MS);
    pc.oniceconnectionstatechange = () => {
      const state = pc.iceConnectionState;
      if (!['connected', 'completed', 'failed', 'closed'].includes(state)) return;
      clearTimeout(timer);
      resolve(state === 'connected' || state === 'completed');
    };
  });
}

/** Return whether media reaches the server, by a test connection that carries nothing; null when the server could not
 *  make one now. */
export async function canSendMedia(): Promise<boolean | null> {
  const pc = new RTCPeerConnection({ bundlePolicy: 'max-bundle' });
  try {
    pc.addTransceiver('audio', { direction: 'sendonly' });
    const connected = becomesConnected(pc);
    await pc.setLocalDescription(await pc.createOffer());
    const answer = await request<{ sdp: string }>('POST', '/api/path-test', {
      sdp: pc.localDescription?.sdp ?? '',
    });
    await pc.setRemoteDescription({ type: 'answer', sdp: answer.sdp });
    return await connected;
  } catch {
    return null;
  } finally {
    pc.close();
  }
}
