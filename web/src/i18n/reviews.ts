import { area } from './area';
import { en } from './reviews/en';
import { zh } from './reviews/zh';

/** 听评课: reviews and what comes of them. */
export const reviews = area(zh, en);
