/** The words of the research workshop: a third of all, and wanted on its pages only, so they come with those. */
import { i18n, LOCALES } from '.';
import { credits } from './credits';
import { meetings } from './meetings';
import { plans } from './plans';
import { research } from './research';
import { reviews } from './reviews';

export const WORKSHOP = { credits, meetings, plans, research, reviews };

for (const locale of LOCALES)
  for (const [name, area] of Object.entries(WORKSHOP))
    i18n.global.mergeLocaleMessage(locale, { [name]: area[locale] });
