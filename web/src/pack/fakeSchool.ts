/** A server and a school's line for tests of the downloads: ranges, cuts, damage, and a clock that jumps. */
import { createHash } from 'node:crypto';
import { Downloads, type Progress } from './downloads';
import type { Coming, ComingList, Manifest, PackItem } from './manifest';
import type { PackStore } from './store';

export function bytesOf(length: number, seed: number): Uint8Array {
  return Uint8Array.from({ length }, (_, i) => (i * 31 + ((i >> 8) + 1) * seed * 17) & 255);
}

/** A generator that gives the same numbers for the same seed (mulberry32). */
export function seeded(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

export interface Asked {
  sha256: string;
  start: number;
  sent: number;
}

export class FakeSchool {
  readonly files = new Map<string, Uint8Array>();
  readonly packs = new Map<string, Manifest>();
  readonly coming = new Map<string, Partial<Coming>>();
  readonly asked: Asked[] = [];
  readonly reports: { lesson: string; version: string; have_bytes: number; problem: string }[] = [];
  /** How many bytes of an answer arrive; null: all. Asked once an answer. */
  cut: () => number | null = () => null;
  /** Changes what is sent of a file. */
  damage: (sha256: string, data: Uint8Array) => Uint8Array = (_, data) => data;
  isDown = false;
  isPaired = true;
  ms = 1_000;
  free: number | null = null;
  progress: ReadonlyMap<string, Progress> = new Map();

  put(lesson: string, pages: Uint8Array[], told: Partial<Coming> = {}): Manifest {
    const items = pages.map((data, at): PackItem => {
      const sha256 = createHash('sha256').update(data).digest('hex');
      this.files.set(sha256, data);
      const url = `/api/lessons/${lesson}/pack/${sha256}`;
      return { kind: 'page', sha256, bytes: data.length, mime: 'image/webp', url, page: at + 1, width: 1280 };
    });
    const body = JSON.stringify({ lesson, items });
    const version = createHash('sha256').update(body).digest('hex');
    const pack: Manifest = { lesson, deck: version.slice(0, 8), version, items };
    this.packs.set(lesson, pack);
    this.coming.set(lesson, told);
    return pack;
  }

  downloads(store: PackStore): Downloads {
    const world = {
      store,
      fetch: ((input: string, init?: RequestInit) => this.answer(input, init ?? {})) as typeof fetch,
      now: () => this.ms,
      random: () => 0.5,
      after: (ms: number, work: () => void) => {
        const timer = setTimeout(() => {
          this.ms += ms; // nobody waits in a test: the clock jumps to when something is due
          work();
        }, 0);
        return () => clearTimeout(timer);
      },
      freeBytes: () => Promise.resolve(this.free),
    };
    return new Downloads(world, (all) => (this.progress = new Map(all)));
  }

  private async answer(path: string, init: RequestInit): Promise<Response> {
    await Promise.resolve();
    if (this.isDown) throw new TypeError('Failed to fetch');
    if (path === '/api/screen/packs') return this.list();
    const [, lesson = '', sha256] = /^\/api\/lessons\/([^/]+)\/pack(?:\/(\w+))?/.exec(path) ?? [];
    if (sha256) return this.file(sha256, new Headers(init.headers));
    if (lesson) return json(this.packs.get(lesson));
    const told = /^\/api\/screen\/packs\/(.+)/.exec(path)?.[1] ?? '';
    this.reports.push({ lesson: told, ...(JSON.parse(String(init.body)) as object) } as never);
    return json({});
  }

  private list(): Response {
    if (!this.isPaired) return json({ code: 'device_unknown' }, 404);
    const items = [...this.coming].map(([lesson, told]): Coming => {
      const pack = this.packs.get(lesson) as Manifest;
      const total = pack.items.reduce((sum, item) => sum + item.bytes, 0);
      const url = `/api/lessons/${lesson}/pack`;
      const known = {
        lesson,
        title: '',
        subject: '',
        starts_at: '',
        live: false,
        url,
        version: pack.version,
      };
      return { ...known, total_bytes: total, fetch_in_s: 0, fetch_for_s: null, ...told };
    });
    const list: ComingList = { items, ceiling_kbps: null, again_s: 300 };
    return json(list);
  }

  private file(sha256: string, headers: Headers): Response {
    const data = this.files.get(sha256);
    if (!data) return json({ code: 'blob_unknown' }, 404);
    const start = Number(/^bytes=(\d+)-$/.exec(headers.get('range') ?? '')?.[1] ?? 0);
    const rest = this.damage(sha256, data).slice(start);
    const most = this.cut();
    const sent = most === null ? rest : rest.slice(0, most);
    this.asked.push({ sha256, start, sent: sent.length });
    const range = { 'content-range': `bytes ${start}-${data.length - 1}/${data.length}` };
    return new Response(streamOf(sent, most !== null), {
      status: start ? 206 : 200,
      headers: start ? range : {},
    });
  }
}

function streamOf(data: Uint8Array, breaks: boolean): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at < data.length) {
        controller.enqueue(data.slice(at, (at += 1000)));
        return;
      }
      if (breaks) controller.error(new TypeError('network error'));
      else controller.close();
    },
  });
}

const json = (body: unknown, status = 200): Response => new Response(JSON.stringify(body), { status });

/** Wait until it is so; real time passes only for the database. */
export async function until(what: () => boolean, tries = 4000): Promise<void> {
  for (let i = 0; i < tries; i += 1) {
    if (what()) return;
    await new Promise((done) => setTimeout(done, 0));
  }
  throw new Error(`not so: ${what.toString()}`);
}
