/** The player alone, as one classic script: `TongtangPlayer.mount(element, { base, resource, events, language })`.
 *  It needs no module, worker or fetch when resource and events are given, so it opens from a stick by a double-click. */
import '@/styles/tokens.css';
import '@/styles/base.css';
import { createApp } from 'vue';
import { createI18n } from 'vue-i18n';
import { player } from '@/i18n/player';
import LessonPlayer from './LessonPlayer.vue';
import type { LessonEvents, Resource } from './resource';
import type { Told } from './useAnswers';

export interface MountOptions {
  /** Where the folder is, ending in a slash; relative to the page: '' is beside it. */
  readonly base: string;
  readonly resource?: Resource;
  readonly events?: LessonEvents;
  readonly language?: 'zh-CN' | 'en';
  /** Whoever is told each answer; else they stay in this browser. */
  readonly told?: Told;
}

/** Play a recording in `element`. Returns how to end it. */
export function mount(element: Element | string, options: MountOptions): () => void {
  const { base, resource = null, events = null, language = 'zh-CN', told = null } = options;
  const app = createApp(LessonPlayer, { base, resource, events, told });
  const words = { 'zh-CN': { player: player['zh-CN'] }, en: { player: player.en } };
  app.use(createI18n({ legacy: false, locale: language, fallbackLocale: 'zh-CN', messages: words }));
  app.mount(element);
  return () => app.unmount();
}
