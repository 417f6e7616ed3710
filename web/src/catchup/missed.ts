/** What the server says there is of a stretch of the running lesson, and the bytes of it (docs/recording.md). Times
 *  are milliseconds of the room's clock. */
import { ApiError, request } from '@/api/client';
import { t } from '@/i18n';

export type Role = 'voice' | 'guest' | 'screen' | 'camera';
/** The part's times from and to, the bytes from and to, and whether a picture can begin here. */
export type Cluster = readonly [ms: number, endMs: number, start: number, end: number, keyframe: number];

export interface MissedTrack {
  role: Role;
  peer: string;
  part: number;
  mime: string;
  width: number;
  height: number;
  header_bytes: number;
  /** Room time = the part's time + this. */
  shift_ms: number;
  clusters: readonly Cluster[];
}

export interface Turn {
  t_ms: number;
  page: number;
}

export interface Missed {
  now_ms: number;
  from_ms: number;
  to_ms: number;
  /** `less`: the link has no room for all pictures; `wait`: for nothing just now. */
  offer: 'all' | 'less' | 'wait';
  spare_bps: number;
  tracks: readonly MissedTrack[];
  pages: readonly Turn[];
}

const STALL_MS = 20_000; // the server ends an answer that stood still for 10 s

export function fetchMissed(lesson: string, peer: string, fromMs: number, toMs: number): Promise<Missed> {
  const query = `from_ms=${Math.round(fromMs)}&to_ms=${Math.round(toMs)}&peer=${encodeURIComponent(peer)}`;
  return request<Missed>('GET', `/api/lessons/${encodeURIComponent(lesson)}/catchup?${query}`);
}

/** Return bytes `start` to `end` of a part.
 *
 * @throws ApiError: refused, cut short, or `signal` was aborted.
 */
export async function fetchBytes(
  lesson: string,
  peer: string,
  part: number,
  [start, end]: readonly [number, number],
  signal: AbortSignal,
): Promise<ArrayBuffer> {
  const base = `/api/lessons/${encodeURIComponent(lesson)}/catchup/parts/${part}`;
  const controller = new AbortController();
  const abort = (): void => controller.abort();
  signal.addEventListener('abort', abort);
  let timer = window.setTimeout(abort, STALL_MS);
  try {
    const response = await fetch(`${base}?peer=${encodeURIComponent(peer)}`, {
      headers: { Range: `bytes=${start}-${end - 1}`, 'X-Tongtang': '1' },
      signal: controller.signal,
    });
    if (!response.ok || !response.body) {
      const { code } = (await response.json().catch(() => ({}))) as { code?: string };
      throw new ApiError(response.status, code ?? 'refused', '');
    }
    const bytes = new Uint8Array(end - start);
    const reader = response.body.getReader();
    for (let at = 0; ;) {
      const { done, value } = await reader.read();
      if (done && at === bytes.length) return bytes.buffer;
      if (done || at + value.length > bytes.length) throw new ApiError(0, 'cut_short', '');
      bytes.set(value, at);
      at += value.length;
      window.clearTimeout(timer);
      timer = window.setTimeout(abort, STALL_MS); // a weak link may be slow as long as it moves
    }
  } catch (error) {
    if (error instanceof ApiError) throw error;
    throw new ApiError(0, 'offline', t('common.error.offline'));
  } finally {
    window.clearTimeout(timer);
    signal.removeEventListener('abort', abort);
  }
}
