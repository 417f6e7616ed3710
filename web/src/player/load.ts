/** Fetch what a recording's folder holds; over file:// nothing can be fetched, so it is given instead. */
import { addressOf, type LessonEvents, type Resource } from './resource';

const RESOURCE_MS = 30_000; // some kilobytes: longer, and the link is gone
const EVENTS_MS = 120_000; // 300 kB at 25 kbit/s
const LEAST_BYTES = 3_000; // what is smaller says more of the server than of the link
const UNKNOWN_BPS = 400_000; // nothing fetched yet, or all from the cache: the small picture, and then what is seen

/** The server says that it is not to be had: it will not help to ask again. */
export class Withdrawn extends Error {
  override readonly name = 'Withdrawn';
}

export const loadResource = (base: string): Promise<Resource> =>
  loadJson<Resource>(`${base}resource.json`, RESOURCE_MS);

/** Return the lesson's log, or null when there is none or it cannot be had: the lesson plays without ink. */
export async function loadEvents(base: string, resource: Resource): Promise<LessonEvents | null> {
  if (!resource.events) return null;
  try {
    return await loadJson<LessonEvents>(addressOf(base, resource.events), EVENTS_MS);
  } catch {
    return null;
  }
}

export async function loadText(url: string): Promise<string> {
  if (url.startsWith('data:')) return new TextDecoder().decode(bytesOfData(url));
  return (await get(url, RESOURCE_MS)).text();
}

export async function loadBytes(url: string): Promise<Uint8Array> {
  if (url.startsWith('data:')) return bytesOfData(url);
  return new Uint8Array(await (await get(url, RESOURCE_MS)).arrayBuffer());
}

/** Return what the link has carried lately, in bits per second: of the largest answers, how fast they came. */
export function measuredBps(entries = performance.getEntriesByType('resource')): number {
  const rates = entries
    .filter((one): one is PerformanceResourceTiming => 'encodedBodySize' in one)
    .filter((one) => one.transferSize > 0 && one.encodedBodySize >= LEAST_BYTES)
    .map((one) => (one.encodedBodySize * 8_000) / Math.max(1, one.responseEnd - one.responseStart));
  return rates.length > 0 ? Math.max(...rates) : UNKNOWN_BPS;
}

async function loadJson<T>(url: string, waitMs: number): Promise<T> {
  return (await (await get(url, waitMs)).json()) as T;
}

/** Ask, and wait for the body as long: who reads it is cut off by the same clock. */
async function get(url: string, waitMs: number): Promise<Response> {
  const stop = new AbortController();
  window.setTimeout(() => stop.abort(), waitMs);
  const answer = await fetch(url, { credentials: 'same-origin', signal: stop.signal });
  if ([401, 403, 404, 410].includes(answer.status)) throw new Withdrawn();
  if (!answer.ok) throw new Error(`${url}: ${answer.status}`);
  return answer;
}

function bytesOfData(url: string): Uint8Array {
  const [head = '', body = ''] = url.split(/,(.*)/s);
  if (!head.endsWith(';base64')) return new TextEncoder().encode(decodeURIComponent(body));
  return Uint8Array.from(atob(body), (one) => one.charCodeAt(0));
}
