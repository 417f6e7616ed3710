import { area } from './area';
import { asked } from './resources/asked';
import { life } from './resources/life';
import { told } from './resources/told';

/** Resources: what they are, their review, their consents, their versions. */
export const resources = area(
  { ...life['zh-CN'], ...told['zh-CN'], ...asked['zh-CN'] },
  { ...life.en, ...told.en, ...asked.en },
);
