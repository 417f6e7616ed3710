/** What was written while the socket was away, kept over a reload of the page. */
import type { Style } from './frames';
import { encodePoints, type Point } from './points';

export interface Kept {
  readonly n: number;
  readonly style: Style;
  readonly surface: string;
  readonly points: string;
  readonly text: string;
  readonly wasSent: boolean;
}

interface Keepable extends Omit<Kept, 'points'> {
  readonly points: readonly Point[];
}

const MAX_CHARACTERS = 1_000_000; // of the 5 MB that a browser gives a site

export class Keepsake {
  private readonly key: string;
  private isEmpty = false;

  constructor(
    lesson: string,
    role: string,
    private readonly storage: Storage = localStorage,
  ) {
    this.key = `tongtang.ink.${lesson}.${role}`;
  }

  load(): Kept[] {
    try {
      return JSON.parse(this.storage.getItem(this.key) ?? '[]') as Kept[];
    } catch {
      return [];
    }
  }

  save(objects: readonly Keepable[]): void {
    if (objects.length === 0 && this.isEmpty) return;
    this.isEmpty = objects.length === 0;
    const kept: Kept[] = objects.map((one) => ({ ...one, points: encodePoints(one.points) }));
    const text = JSON.stringify(kept);
    try {
      if (objects.length === 0) this.storage.removeItem(this.key);
      else if (text.length < MAX_CHARACTERS) this.storage.setItem(this.key, text);
    } catch {
      // The storage is full or closed: what waits is still in memory, and is sent when the socket is back.
    }
  }
}
