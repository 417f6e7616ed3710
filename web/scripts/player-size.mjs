// Print what the player alone costs to load, and fail when it is more than an offline page or a shared link should carry.
import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

const LIMIT_KB = 180; // 14 s of a 100 kbit/s link, once: then it is in the browser's cache
const weigh = (name) => gzipSync(readFileSync(`dist/player/${name}`)).length / 1000;
const kb = weigh('player.js') + weigh('player.css');
console.log(`player           ${kb.toFixed(1)} kB gz`);
if (kb > LIMIT_KB) {
  console.error(`The player needs ${kb.toFixed(1)} kB gz; the limit is ${LIMIT_KB} kB.`);
  process.exit(1);
}
