/** Vite plugin: writes `sw.js` beside the build, with the list of files that a classroom's screen needs to open without
 *  a network. Its version is the hash of all of them: every build is another worker, and the browser takes it in turn. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const SOURCE = new URL('../src/pack/serviceWorker.js', import.meta.url);
/** Where the parts of a screen begin: what they load by themselves comes with them. */
const PARTS = [/\/ScreenPage\.vue$/, /\/ClassroomPage\.vue$/];

/** Return the files that `names` need, each with the styles and chunks that it imports. */
function closure(bundle, names) {
  const found = new Set();
  const visit = (name) => {
    const chunk = bundle[name];
    if (found.has(name) || !chunk) return;
    found.add(name);
    for (const style of chunk.viteMetadata?.importedCss ?? []) found.add(style);
    for (const asset of chunk.viteMetadata?.importedAssets ?? []) found.add(asset);
    for (const next of chunk.imports ?? []) visit(next);
  };
  names.forEach(visit);
  return [...found].sort();
}

export function serviceWorker() {
  return {
    name: 'tongtang-service-worker',
    apply: 'build',
    enforce: 'post',
    generateBundle(_, bundle) {
      const chunks = Object.values(bundle).filter((one) => one.type === 'chunk');
      const isPart = (one) => PARTS.some((part) => part.test(one.facadeModuleId ?? ''));
      const parts = chunks.filter((one) => one.isEntry || isPart(one));
      const screens = parts.filter(isPart).length;
      if (screens !== PARTS.length)
        this.error(`the screen's pages are not chunks of their own: ${screens} found`);
      const files = closure(
        bundle,
        parts.map((one) => one.fileName),
      );
      const html = String(bundle['index.html']?.source ?? '');
      if (!html) this.error('no index.html in the bundle');
      const worker = readFileSync(SOURCE, 'utf8');
      const version = createHash('sha256')
        .update([worker, html, ...files].join('\n'))
        .digest('hex')
        .slice(0, 16);
      const shell = JSON.stringify({ version, files: files.map((name) => `/${name}`) });
      this.emitFile({ type: 'asset', fileName: 'sw.js', source: `const BUILD = ${shell};\n${worker}` });
    },
  };
}
