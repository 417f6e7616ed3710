/** Vite plugin: writes `sw.js` beside the build, with the lists of files that a classroom's screen, and the page of a
 *  plan, need to open without a network. Its version is the hash of all of them: every build is another worker, and the browser takes it in turn. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';

const SOURCE = new URL('../src/pack/serviceWorker.js', import.meta.url);
/** Where the parts of a screen begin: what they load by themselves comes with them. */
const PARTS = [/\/ScreenPage\.vue$/, /\/ClassroomPage\.vue$/];
/** And those of a plan: the editor, the words of the workshop, and formulas with their styles and letters. */
const PLANS = [/\/PlanPage\.vue$/, /\/PlanDesk\.vue$/, /\/i18n\/workshop\.ts$/, /\/katex\.mjs$/];
const FORMULAS = /\/katex[^/]*\.css$|\/KaTeX_[^/]*\.woff2$/;

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
      const find = (parts) =>
        parts.map((part) => {
          const found = chunks.filter((one) => part.test(one.facadeModuleId ?? ''));
          if (found.length !== 1) this.error(`${part}: ${found.length} chunks of their own`);
          return found[0].fileName;
        });
      const entries = chunks.filter((one) => one.isEntry).map((one) => one.fileName);
      const files = closure(bundle, [...entries, ...find(PARTS)]);
      const formulas = Object.keys(bundle).filter((name) => FORMULAS.test(name));
      const plans = [...closure(bundle, find(PLANS)), ...formulas].filter((name) => !files.includes(name));
      const html = String(bundle['index.html']?.source ?? '');
      if (!html) this.error('no index.html in the bundle');
      const worker = readFileSync(SOURCE, 'utf8');
      const version = createHash('sha256')
        .update([worker, html, ...files, ...plans].join('\n'))
        .digest('hex')
        .slice(0, 16);
      const named = (names) => names.map((name) => `/${name}`);
      const shell = JSON.stringify({ version, files: named(files), plans: named(plans) });
      this.emitFile({ type: 'asset', fileName: 'sw.js', source: `const BUILD = ${shell};\n${worker}` });
    },
  };
}
