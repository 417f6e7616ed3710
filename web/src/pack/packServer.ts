/** What the downloads ask the server: what comes, what is in it; and what they tell it. */
import { isManifest, type Coming, type ComingList, type Manifest } from './manifest';

const REQUEST_MS = 20_000;

/** No answer came. */
export class NetworkGone extends Error {
  override readonly name = 'NetworkGone';
}

/** The answer to 'what comes': `none` when this browser is no paired screen. */
export type Asked = { kind: 'list'; list: ComingList } | { kind: 'none' } | { kind: 'unpaired' };

interface Answer {
  status: number;
  json: unknown;
}

export class PackServer {
  constructor(private readonly fetcher: typeof fetch) {}

  /** @throws NetworkGone */
  async coming(signal: AbortSignal): Promise<Asked> {
    const { status, json } = await this.request('GET', '/api/screen/packs', null, signal);
    if (status === 200 && isList(json)) return { kind: 'list', list: json };
    if (status === 404 && (json as { code?: string } | null)?.code === 'device_unknown')
      return { kind: 'unpaired' };
    if (status === 401 || status === 403 || status === 404) return { kind: 'none' };
    throw new NetworkGone(); // restarting, or not itself: asked again
  }

  /** @throws NetworkGone */
  async manifest(coming: Coming, classroom: string | null, signal: AbortSignal): Promise<Manifest | null> {
    const query = classroom ? `?classroom=${encodeURIComponent(classroom)}` : '';
    const { status, json } = await this.request('GET', coming.url + query, null, signal);
    return status === 200 && isManifest(json, coming.lesson) ? json : null;
  }

  /** Tell how far this screen is; returns whether it arrived. */
  async report(lesson: string, body: string, signal: AbortSignal): Promise<boolean> {
    try {
      await this.request('POST', `/api/screen/packs/${encodeURIComponent(lesson)}`, body, signal);
      return true;
    } catch {
      return false;
    }
  }

  private async request(
    method: string,
    path: string,
    body: string | null,
    signal: AbortSignal,
  ): Promise<Answer> {
    const controller = new AbortController();
    const stop = (): void => controller.abort();
    signal.addEventListener('abort', stop);
    const timer = setTimeout(stop, REQUEST_MS);
    const headers = { 'X-Tongtang': '1', 'Content-Type': 'application/json', Accept: 'application/json' };
    try {
      const answer = await this.fetcher(path, {
        method,
        headers,
        body,
        credentials: 'same-origin',
        cache: 'no-store',
        signal: controller.signal,
      });
      const text = await answer.text();
      return { status: answer.status, json: text ? JSON.parse(text) : null };
    } catch {
      throw new NetworkGone();
    } finally {
      clearTimeout(timer);
      signal.removeEventListener('abort', stop);
    }
  }
}

function isList(found: unknown): found is ComingList {
  const list = found as Partial<ComingList> | null;
  return !!list && Array.isArray(list.items) && typeof list.again_s === 'number' && list.again_s >= 5;
}

/** The lesson that a page is in without being its classroom's screen: fetched as live leaves room. */
export function inClass(lesson: string): Coming {
  const url = `/api/lessons/${encodeURIComponent(lesson)}/pack`;
  const told = { title: '', subject: '', starts_at: '', version: '', total_bytes: 0 };
  return { lesson, ...told, live: true, fetch_in_s: 0, fetch_for_s: null, url };
}
