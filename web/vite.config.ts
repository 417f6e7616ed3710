import { fileURLToPath, URL } from 'node:url';
import vue from '@vitejs/plugin-vue';
import elementPlus from 'unplugin-element-plus/vite';
import { defineConfig } from 'vitest/config';
import { serviceWorker } from './scripts/service-worker.mjs';

const server = process.env.TONGTANG_SERVER ?? 'http://127.0.0.1:8000';
const PROSEMIRROR = ['model', 'state', 'transform', 'view'].map((part) => `prosemirror-${part}`);
const port = Number(process.env.TONGTANG_WEB_PORT ?? 5173);

export default defineConfig({
  // Element Plus parts are imported by name; this adds the stylesheet of each part that is used, and no other.
  plugins: [vue(), elementPlus({}), serviceWorker()],
  resolve: {
    alias: { '@': fileURLToPath(new URL('./src', import.meta.url)) },
    // Two copies of one of these do not know each other's classes: carets and shared text break without an error.
    dedupe: ['yjs', 'y-protocols', 'lib0', '@tiptap/core', '@tiptap/pm', '@tiptap/y-tiptap', ...PROSEMIRROR],
  },
  define: {
    __VUE_I18N_LEGACY_API__: false,
    __INTLIFY_PROD_DEVTOOLS__: false,
    __VUE_I18N_FULL_INSTALL__: false,
  },
  // School PCs run Windows 7 browsers of 2020: Chrome 87 is the oldest that is supported.
  build: {
    target: 'chrome87',
    cssTarget: 'chrome87',
    manifest: true,
    chunkSizeWarningLimit: 700,
    // Our own policy lets fonts come from our address only, not from within a stylesheet.
    assetsInlineLimit: (path: string) => (/\.(woff2?|ttf)$/.test(path) ? false : undefined),
  },
  server: {
    host: '127.0.0.1',
    port,
    proxy: {
      '/api': server,
      '/whip': server,
      '/whep': server,
      '/healthz': server,
      '/ws': { target: server.replace(/^http/, 'ws'), ws: true },
    },
  },
  test: { include: ['src/**/*.test.ts'], restoreMocks: true },
});
