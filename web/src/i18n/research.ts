import { area } from './area';
import { en } from './research/en';
import { zh } from './research/zh';

/** The research workshop: groups, calendar, library, templates, and the log in plain words. */
export const research = area(zh, en);
