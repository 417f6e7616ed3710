/** What uploads need of this browser: the server, a memory that outlives the page, and news of the network. */
import { uploadApi } from './api';
import type { Memory, Surroundings } from './upload';

const STORED = 'tongtang.uploads';
const REMEMBERED = 400; // uploads: a deck of 300 pictures, and some

/** Uploads that were begun in this browser, by file. */
const memory: Memory = {
  get: (key) => stored()[key] ?? null,
  set(key, id) {
    const kept = Object.entries({ ...stored(), [key]: id }).slice(-REMEMBERED);
    store(Object.fromEntries(kept));
  },
  remove(key) {
    store(Object.fromEntries(Object.entries(stored()).filter(([name]) => name !== key)));
  },
};

function stored(): Record<string, string> {
  try {
    return JSON.parse(localStorage.getItem(STORED) ?? '{}') as Record<string, string>;
  } catch {
    return {};
  }
}

function store(uploads: Record<string, string>): void {
  try {
    localStorage.setItem(STORED, JSON.stringify(uploads));
  } catch {
    // A full or forbidden store: an upload then begins anew after a reload.
  }
}

/** Wait, or until the browser says that the network is back. */
function wait(ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      window.clearTimeout(timer);
      window.removeEventListener('online', done);
      resolve();
    };
    const timer = window.setTimeout(done, ms);
    window.addEventListener('online', done);
  });
}

export const surroundings: Surroundings = { door: uploadApi, memory, wait, now: () => performance.now() };
