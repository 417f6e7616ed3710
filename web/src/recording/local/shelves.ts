/** The shelf of this browser. */
import { DatabaseShelf } from './databaseShelf';
import { FileShelf } from './fileShelf';
import type { Shelf } from './shelf';

let opened: Promise<Shelf | null> | null = null;

/** Return where this browser can keep recordings; null: nowhere. */
export function shelf(): Promise<Shelf | null> {
  opened ??= open();
  return opened;
}

async function open(): Promise<Shelf | null> {
  return (await FileShelf.open()) ?? (await DatabaseShelf.open());
}

/** Return how many bytes are free for this site, as far as the browser says. */
export async function freeBytes(): Promise<number> {
  try {
    const { quota, usage } = await navigator.storage.estimate();
    return quota === undefined ? Infinity : quota - (usage ?? 0);
  } catch {
    return Infinity;
  }
}
