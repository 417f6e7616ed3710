/* global BUILD */
/** The service worker of classrooms' screens, and of plans that are written without a network. It does three things
 *  and no more:
 *
 *  - opens the screen without a network, from the files of one build (`BUILD`, written by the build), and the pages of
 *    plans where somebody asked for it once;
 *  - serves files of lesson packs by their content address, as far as they lie in this browser;
 *  - lets everything else pass. It never keeps an answer of the API, nor a page of anybody.
 *
 *  HTML comes from the network while there is one, so that nobody sees an old version after an upgrade. What it keeps
 *  is one build as a whole: its HTML and exactly the files that this HTML names. Plain script: Chrome 87 knows no
 *  modules in service workers. */

const PREFIX = 'tongtang-shell-';
const SHELL = PREFIX + BUILD.version;
const PLANS = 'tongtang-plans'; // a cache without files: it is there when plans' pages are to be kept
const HTML_MS = 10_000; // a link that is up but dead: a screen after a power cut must not stay white
const NOT_PAGES = /^\/(api|ws|whip|whep|metrics|healthz)(\/|$)/;
const PACK_FILE = /^\/api\/lessons\/[^/]+\/pack\/([0-9a-f]{64})$/;

self.addEventListener('install', (event) => {
  event.waitUntil(keepBuild().then(() => self.skipWaiting()));
});

self.addEventListener('activate', (event) => {
  event.waitUntil(dropOldBuilds().then(() => self.clients.claim()));
});

self.addEventListener('message', (event) => {
  if (event.data === 'keep-plans') event.waitUntil(keepPlans());
});

self.addEventListener('fetch', (event) => {
  const { request } = event;
  const url = new URL(request.url);
  if (request.method !== 'GET' || url.origin !== self.location.origin) return;
  const file = PACK_FILE.exec(url.pathname);
  if (file) {
    // Whoever downloads says so by our header, and wants the server.
    if (!request.headers.has('x-tongtang')) event.respondWith(packFile(request, file[1]));
  } else if (url.pathname.startsWith('/assets/')) {
    event.respondWith(asset(request));
  } else if (request.mode === 'navigate' && !NOT_PAGES.test(url.pathname)) {
    event.respondWith(html(request));
  }
});

/** Keep this build: all of it or nothing. Files of the build before that are the same are not fetched again. */
async function keepBuild() {
  const page = await fetch('/', { cache: 'no-store', credentials: 'omit' });
  const text = await page.clone().text();
  const named = [...text.matchAll(/(?:src|href)="(\/assets\/[^"]+)"/g)].map((found) => found[1]);
  if (!page.ok || !named.every((name) => BUILD.files.includes(name))) {
    throw new Error('the server has another build by now'); // its own worker comes next
  }
  const shell = await caches.open(SHELL);
  await keepFiles(shell, (await caches.has(PLANS)) ? [...BUILD.files, ...BUILD.plans] : BUILD.files);
  await shell.put('/', page); // last: a build is there when its HTML is
}

async function keepPlans() {
  await caches.open(PLANS);
  await keepFiles(await caches.open(SHELL), BUILD.plans);
}

async function keepFiles(shell, names) {
  for (const name of names) {
    const kept = await caches.match(name);
    if (kept) {
      await shell.put(name, kept);
    } else {
      const answer = await fetch(name, { credentials: 'omit' });
      if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
      await shell.put(name, answer);
    }
  }
}

/** Forget builds. The one before stays: a page of it may be open, and wants its parts. */
async function dropOldBuilds() {
  const builds = (await caches.keys()).filter((name) => name.startsWith(PREFIX) && name !== SHELL);
  await Promise.all(builds.slice(0, -1).map((name) => caches.delete(name)));
}

async function html(request) {
  const fresh = fetch(request);
  const late = new Promise((done) => setTimeout(done, HTML_MS, null));
  try {
    const answer = await Promise.race([fresh, late]);
    if (answer) return answer;
  } catch {
    // No network.
  }
  const kept = await (await caches.open(SHELL)).match('/');
  return kept ?? fresh;
}

async function asset(request) {
  return (await caches.match(request, { ignoreVary: true })) ?? fetch(request);
}

async function packFile(request, sha256) {
  const file = await stored(sha256).catch(() => null);
  if (!file) return fetch(request);
  const headers = {
    'content-type': file.mime,
    etag: `"${sha256}"`,
    'accept-ranges': 'bytes',
    'cache-control': 'no-store',
  };
  const { size } = file.blob;
  const range = /^bytes=(\d+)-(\d*)$/.exec(request.headers.get('range') ?? '');
  if (!range) return new Response(file.blob, { headers: { ...headers, 'content-length': String(size) } });
  const start = Number(range[1]);
  const end = range[2] ? Math.min(size, Number(range[2]) + 1) : size;
  if (start >= end)
    return new Response(null, { status: 416, headers: { 'content-range': `bytes */${size}` } });
  return new Response(file.blob.slice(start, end, file.mime), {
    status: 206,
    headers: {
      ...headers,
      'content-range': `bytes ${start}-${end - 1}/${size}`,
      'content-length': String(end - start),
    },
  });
}

/** A page or clip of a pack; names of pupils and questions are never handed out by address. */
function stored(sha256) {
  return new Promise((done, failed) => {
    const asked = indexedDB.open('tongtang-packs', 1);
    asked.onupgradeneeded = () => asked.transaction.abort(); // nothing was ever kept: the page makes the database
    asked.onerror = () => failed(asked.error);
    asked.onsuccess = () => {
      const database = asked.result;
      const found = database.transaction('files').objectStore('files').get(sha256);
      found.onerror = () => failed(found.error);
      found.onsuccess = () => {
        database.close();
        done(found.result && ['page', 'clip'].includes(found.result.kind) ? found.result : null);
      };
    };
  });
}
