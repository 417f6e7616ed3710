import { area } from './area';
import { check } from './portal/check';
import { lobby } from './portal/lobby';
import { newLesson } from './portal/newLesson';
import { recordings } from './portal/recordings';
import { screen } from './portal/screen';

/** Words of the pages around a lesson: lobby, sign-in, screens, device check, recordings. */
export const portal = area(
  { ...lobby['zh-CN'], ...screen['zh-CN'], ...newLesson['zh-CN'], ...check['zh-CN'], ...recordings['zh-CN'] },
  { ...lobby.en, ...screen.en, ...newLesson.en, ...check.en, ...recordings.en },
);
