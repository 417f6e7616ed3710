import { fileURLToPath, URL } from 'node:url';
import { defineConfig } from 'vite';

// The reader as it is shipped: the same sources, the same target, minified, in a page without anything else.
export default defineConfig({
  root: fileURLToPath(new URL('.', import.meta.url)),
  base: './',
  publicDir: false,
  resolve: { alias: { '@': fileURLToPath(new URL('../../src', import.meta.url)) } },
  build: { target: 'chrome87' },
});
