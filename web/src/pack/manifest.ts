/** What a lesson's pack is: docs/packs.md. Everything from the server is looked at before it is used. */

export type ItemKind = 'page' | 'clip' | 'quiz' | 'roster' | 'plan';

export interface PackItem {
  kind: ItemKind;
  sha256: string;
  bytes: number;
  mime: string;
  url: string;
  /** Of pages, from 1. */
  page?: number;
  width?: number;
  title?: string;
}

export interface Manifest {
  lesson: string;
  deck: string;
  version: string;
  items: PackItem[];
}

/** One lesson of `GET /api/screen/packs`. */
export interface Coming {
  lesson: string;
  title: string;
  subject: string;
  starts_at: string;
  live: boolean;
  version: string;
  total_bytes: number;
  /** Seconds from now on, by the server's clock: the one of a classroom may be wrong by an hour. */
  fetch_in_s: number;
  fetch_for_s: number | null;
  url: string;
}

export interface ComingList {
  items: Coming[];
  ceiling_kbps: number | null;
  again_s: number;
}

const SHA256 = /^[0-9a-f]{64}$/;
const MAX_ITEMS = 2_000;

/** Return whether `found` is a manifest whose files may be fetched from here and nowhere else. */
export function isManifest(found: unknown, lesson: string): found is Manifest {
  const pack = found as Partial<Manifest> | null;
  return (
    typeof pack === 'object' &&
    pack !== null &&
    pack.lesson === lesson &&
    SHA256.test(pack.version ?? '') &&
    typeof pack.deck === 'string' &&
    Array.isArray(pack.items) &&
    pack.items.length <= MAX_ITEMS &&
    pack.items.every((item) => isItem(item, lesson))
  );
}

function isItem(item: Partial<PackItem>, lesson: string): boolean {
  return (
    SHA256.test(item.sha256 ?? '') &&
    Number.isSafeInteger(item.bytes) &&
    (item.bytes ?? -1) >= 0 &&
    typeof item.mime === 'string' &&
    ['page', 'clip', 'quiz', 'roster', 'plan'].includes(item.kind ?? '') &&
    item.url === `/api/lessons/${lesson}/pack/${item.sha256}`
  );
}

/** The files of a pack, each once. */
export function filesOf(pack: Manifest): PackItem[] {
  return [...new Map(pack.items.map((item) => [item.sha256, item])).values()];
}

export const totalBytes = (pack: Manifest): number =>
  filesOf(pack).reduce((sum, item) => sum + item.bytes, 0);

/** The lesson of a deck's page address: `/api/lessons/{id}/pages/{page}?deck=…`; empty when it is none. */
export function lessonOfPages(pageUrl: string): string {
  return /^\/api\/lessons\/([^/]+)\/pages\//.exec(pageUrl)?.[1] ?? '';
}
