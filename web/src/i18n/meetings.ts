import { area } from './area';
import { en } from './meetings/en';
import { zh } from './meetings/zh';

/** Meetings: calling one, sitting in it, agenda, minutes, resolutions. */
export const meetings = area(zh, en);
