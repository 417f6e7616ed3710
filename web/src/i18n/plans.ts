import { area } from './area';
import { en } from './plans/en';
import { zh } from './plans/zh';

/** Joint lesson plans: writing together, comments, tasks, versions, who wrote how much. */
export const plans = area(zh, en);
