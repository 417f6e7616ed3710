import { area } from './area';

export const lesson = area({}, {});
