import { createI18n } from 'vue-i18n';
import { cards } from './cards';
import { catchup } from './catchup';
import { clips } from './clips';
import { common } from './common';
import { course } from './course';
import { decks } from './decks';
import { ink } from './ink';
import { lesson } from './lesson';
import { link } from './link';
import { local } from './local';
import { offline } from './offline';
import { pack } from './pack';
import { phone } from './phone';
import { player } from './player';
import { portal } from './portal';
import { quiz } from './quiz';
import { resources } from './resources';
import { sharing } from './sharing';
import { teach } from './teach';

export const LOCALES = ['zh-CN', 'en'] as const;
export type Locale = (typeof LOCALES)[number];

const STORED = 'tongtang.locale';

/** Every area of words but the workshop's (workshop.ts), by its name in message keys: `common.…`, `lesson.…`, `portal.…`, `phone.…`, `catchup.…`, `link.…`, `teach.…`. */
export const AREAS = {
  player,
  cards,
  clips,
  common,
  decks,
  ink,
  lesson,
  portal,
  phone,
  catchup,
  link,
  local,
  teach,
  offline,
  pack,
  quiz,
  sharing,
  resources,
  course,
};

function messages(locale: Locale) {
  return {
    cards: AREAS.cards[locale],
    clips: AREAS.clips[locale],
    common: AREAS.common[locale],
    decks: AREAS.decks[locale],
    ink: AREAS.ink[locale],
    lesson: AREAS.lesson[locale],
    player: AREAS.player[locale],
    portal: AREAS.portal[locale],
    phone: AREAS.phone[locale],
    offline: AREAS.offline[locale],
    pack: AREAS.pack[locale],
    catchup: AREAS.catchup[locale],
    link: AREAS.link[locale],
    local: AREAS.local[locale],
    teach: AREAS.teach[locale],
    quiz: AREAS.quiz[locale],
    resources: AREAS.resources[locale],
    course: AREAS.course[locale],
    sharing: AREAS.sharing[locale],
  };
}

function initialLocale(): Locale {
  const asked = new URLSearchParams(location.search).get('lang') ?? localStorage.getItem(STORED);
  return LOCALES.find((known) => known === asked) ?? 'zh-CN';
}

export const i18n = createI18n({
  legacy: false,
  locale: initialLocale(),
  fallbackLocale: 'zh-CN',
  messages: { 'zh-CN': messages('zh-CN'), en: messages('en') },
});

/** Change the language of everything shown, and remember it on this device. */
export function setLocale(locale: Locale): void {
  i18n.global.locale.value = locale;
  localStorage.setItem(STORED, locale);
}

/** Translate outside of a component (stores, media classes' owners). */
export const t = i18n.global.t;
