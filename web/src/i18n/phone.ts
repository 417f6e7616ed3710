import { area } from './area';

export const phone = area({}, {});
