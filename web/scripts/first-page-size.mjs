// Print what the first page costs to load, and fail when it is more than a weak school link should carry.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT_KB = 250; // first paint within 1 s on a school PC
const manifest = JSON.parse(readFileSync('dist/.vite/manifest.json', 'utf8'));

/** Return every file that showing `key` needs before it can paint. */
function files(key, seen = new Set()) {
  const entry = manifest[key];
  if (!entry || seen.has(entry.file)) return seen;
  seen.add(entry.file);
  for (const css of entry.css ?? []) seen.add(css);
  for (const other of entry.imports ?? []) files(other, seen);
  return seen;
}

const weigh = (set) =>
  [...set].reduce((sum, f) => sum + gzipSync(readFileSync(`dist/${f}`)).length, 0) / 1000;
const entry = files('index.html');
const pages = Object.keys(manifest).filter(
  (key) => key.startsWith('src/pages/') && manifest[key].isDynamicEntry,
);
let worst = weigh(entry);
console.log(`entry            ${worst.toFixed(1)} kB gz`);
for (const page of pages) {
  const kb = weigh(files(page, new Set(entry)));
  worst = Math.max(worst, kb);
  console.log(`${page.replace(/^src\/pages\//, '').padEnd(36)} ${kb.toFixed(1)} kB gz with the entry`);
}
if (worst > LIMIT_KB) {
  console.error(`The heaviest page needs ${worst.toFixed(1)} kB gz; the limit is ${LIMIT_KB} kB.`);
  process.exit(1);
}
