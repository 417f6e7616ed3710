/** How the way to the server is: by HTTP, by WebSocket, and by the UDP that sound and picture take. Knows no Vue. */
import { ApiError, api, request } from '@/api/client';
import { median, wayOf, type Way } from './checkWords';

/** One way through the relay. */
export interface RelayDoor extends Way {
  server: RTCIceServer;
}

const PROBES = 5;
const SOCKET_TIMEOUT_MS = 5000;
const MEDIA_TIMEOUT_MS = 6000; // ICE checks are repeated for a few seconds before they are given up
const GATHER_TIMEOUT_MS = 3000; // a relay that has not given an address by now is not there, or its port is blocked

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

/** Return whether this connection found an address of its own: with a relay alone, whether that gave one. */
function hasAddress(pc: RTCPeerConnection): Promise<boolean> {
  return new Promise((resolve) => {
    const finish = (found: boolean): void => {
      clearTimeout(timer);
      resolve(found);
    };
    const timer = setTimeout(() => finish(false), GATHER_TIMEOUT_MS);
    pc.onicecandidate = ({ candidate }) => {
      if (candidate?.candidate) finish(true);
      else if (!candidate) finish(false);
    };
  });
}

/** Return whether media reaches the server, straight or by `relay` alone, by a test connection that carries nothing;
 *  null when the server could not make one now. */
export async function canSendMedia(relay?: RTCIceServer): Promise<boolean | null> {
  const pc = new RTCPeerConnection({
    bundlePolicy: 'max-bundle',
    ...(relay ? { iceServers: [relay], iceTransportPolicy: 'relay' as const } : {}),
  });
  try {
    pc.addTransceiver('audio', { direction: 'sendonly' });
    const connected = becomesConnected(pc);
    const gathered = relay ? hasAddress(pc) : true;
    await pc.setLocalDescription(await pc.createOffer());
    if (!(await gathered)) return false;
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

/** Return each address of the relay as a server of its own, so that one way is tried at a time. */
export async function relayDoors(): Promise<RelayDoor[]> {
  const doors: RelayDoor[] = [];
  for (const server of await api.iceServers().catch(() => [])) {
    for (const url of [server.urls].flat()) {
      const way = wayOf(url);
      if (way) doors.push({ ...way, server: { ...server, urls: [url] } });
    }
  }
  return doors;
}
