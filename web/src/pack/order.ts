/** What is fetched next, and what goes when there is no room. Pure. */
import { filesOf, type ItemKind, type Manifest, type PackItem } from './manifest';

const RANK: Record<ItemKind, number> = { page: 0, quiz: 1, plan: 1, roster: 2, clip: 3 };

/** Return the files of a pack in the order in which they are wanted: the page that is shown (0: none), what comes
 *  after it, what came before, nearest first; then questions and seats; then clips. */
export function inOrder(pack: Manifest, current = 0): PackItem[] {
  return filesOf(pack).sort(
    (a, b) => RANK[a.kind] - RANK[b.kind] || distance(a, current) - distance(b, current),
  );
}

function distance(item: PackItem, current: number): number {
  const page = item.page ?? 0;
  if (current === 0 || page >= current) return page - current;
  return 10_000 + current - page;
}

/** A pack that lies in this browser. */
export interface KeptPack {
  lesson: string;
  /** When this screen last had a reason to keep it (Date.now: only ever compared with itself). */
  wantedAt: number;
}

/** Return the packs that may go to make room, the one that was wanted the longest ago first: never one that comes. */
export function toEvict(kept: readonly KeptPack[], wanted: ReadonlySet<string>): string[] {
  return kept
    .filter((pack) => !wanted.has(pack.lesson))
    .sort((a, b) => a.wantedAt - b.wantedAt)
    .map((pack) => pack.lesson);
}

const FORGOTTEN_MS = 30 * 86_400_000;

/** Return the packs that nobody wanted for a month: a screen may have gone to another school. */
export function toForget(kept: readonly KeptPack[], wanted: ReadonlySet<string>, now: number): string[] {
  return toEvict(kept, wanted).filter((lesson) =>
    kept.some((pack) => pack.lesson === lesson && now - pack.wantedAt > FORGOTTEN_MS),
  );
}

const FIRST_PAUSE_MS = 1_000;
const LONGEST_PAUSE_MS = 60_000;

/** How long to wait before trying again after so many failures in a row. `random` in [0, 1): after a power cut all
 *  schools of a valley come back at once. */
export function pauseMs(failures: number, random: number): number {
  const most = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** Math.min(failures, 10));
  return most / 2 + (random * most) / 2;
}
