import { area } from './area';

export const portal = area({}, {});
