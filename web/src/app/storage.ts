/** In a frame on another site browsers may refuse all storage, by throwing at the very name of it. Then what would be
 *  remembered is remembered until the page is closed. Imported before everything that remembers something. */
class PageStorage implements Storage {
  private readonly kept = new Map<string, string>();

  get length(): number {
    return this.kept.size;
  }

  clear(): void {
    this.kept.clear();
  }

  getItem(key: string): string | null {
    return this.kept.get(key) ?? null;
  }

  key(index: number): string | null {
    return [...this.kept.keys()][index] ?? null;
  }

  removeItem(key: string): void {
    this.kept.delete(key);
  }

  setItem(key: string, value: string): void {
    this.kept.set(key, value);
  }
}

/** Give `window` storages of its own where the browser refuses them. */
export function provideStorage(window: Window): void {
  for (const name of ['localStorage', 'sessionStorage'] as const) {
    try {
      void window[name].length;
    } catch {
      Object.defineProperty(window, name, { value: new PageStorage(), configurable: true });
    }
  }
}

provideStorage(window);
