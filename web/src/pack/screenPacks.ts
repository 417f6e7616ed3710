/** The one set of downloads of this browser page, and the pages of packs for whoever shows them. */
import { shallowRef, type ShallowRef } from 'vue';
import type { Deck } from '@/generated/messages';
import { Downloads, type Progress } from './downloads';
import { lessonOfPages, type PackItem } from './manifest';
import { registerWorker } from './registerWorker';
import { sha256 } from './sha256';
import { PackStore } from './store';

/** What stays free for the browser's own needs: it evicts whole sites when it runs out itself. */
const MARGIN_BYTES = 20 * 1024 * 1024;

export const packStore = new PackStore();
export const packProgress: ShallowRef<ReadonlyMap<string, Progress>> = shallowRef(new Map());

async function freeBytes(): Promise<number | null> {
  // Missing on http addresses; then a full disk is noticed when something is not written.
  const { quota, usage } = (await navigator.storage?.estimate?.().catch(() => null)) ?? {};
  return quota === undefined || usage === undefined ? null : quota - usage - MARGIN_BYTES;
}

export const downloads = new Downloads(
  {
    store: packStore,
    fetch: (input, init) => fetch(input, init),
    now: () => performance.now(),
    random: Math.random,
    after: (ms, work) => {
      const timer = setTimeout(work, ms);
      return () => clearTimeout(timer);
    },
    freeBytes,
  },
  (all) => (packProgress.value = new Map(all)),
);

let users = 0;

/** Keep the downloads running until the returned function is called. */
export function useDownloads(): () => void {
  users += 1;
  if (users === 1) {
    // Asked once: a browser that says yes does not throw our packs away when its disk fills.
    registerWorker();
    void navigator.storage?.persist?.().catch(() => false);
    window.addEventListener('online', back);
    downloads.start();
  }
  let used = true;
  return () => {
    if (!used) return;
    used = false;
    users -= 1;
    if (users > 0) return;
    window.removeEventListener('online', back);
    downloads.stop();
  };
}

const back = (): void => downloads.ask();

async function itemOf(deck: Deck, page: number): Promise<PackItem | null> {
  const kept = await packStore.pack(lessonOfPages(deck.page_url));
  if (kept?.pack.deck !== deck.id) return null;
  return kept.pack.items.find((item) => item.kind === 'page' && item.page === page) ?? null;
}

/** Return a page of the deck when it is in this browser. A browser without a database shows pages all the same. */
export async function packPage(deck: Deck, page: number): Promise<Blob | null> {
  try {
    const item = await itemOf(deck, page);
    return item ? await packStore.file(item.sha256) : null;
  } catch {
    return null;
  }
}

/** Return a file of a pack by its content, when it is in this browser. */
export async function packFile(sha256: string): Promise<Blob | null> {
  try {
    return await packStore.file(sha256);
  } catch {
    return null;
  }
}

/** Return whether the downloads here bring the pages of this deck by themselves. */
export async function packCovers(deck: Deck): Promise<boolean> {
  if (users === 0) return false;
  try {
    return (await itemOf(deck, 1)) !== null;
  } catch {
    return false;
  }
}

/** Take a page that was fetched because it had to be shown into the pack, so that it is not fetched again. */
export async function keepShownPage(deck: Deck, page: number, url: string): Promise<void> {
  if (users === 0) return;
  try {
    const item = await itemOf(deck, page);
    if (!item || (await packStore.has(item.sha256))) return;
    const answer = await fetch(url, { cache: 'force-cache', credentials: 'same-origin' });
    const blob = await answer.blob();
    if (blob.size !== item.bytes || sha256(new Uint8Array(await blob.arrayBuffer())) !== item.sha256) return;
    await packStore.keepFile(item, new Blob([blob], { type: item.mime }));
  } catch {
    // It comes with the rest of the pack.
  }
}
