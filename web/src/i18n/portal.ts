import { area } from './area';
import { check } from './portal/check';
import { lobby } from './portal/lobby';
import { newLesson } from './portal/newLesson';
import { recordings } from './portal/recordings';
import { roster } from './portal/roster';
import { school } from './portal/school';
import { screen } from './portal/screen';
import { timetable } from './portal/timetable';

/** Words of the pages around a lesson: lobby, sign-in, screens, device check, recordings, school, figures. */
export const portal = area(
  {
    ...lobby['zh-CN'],
    ...screen['zh-CN'],
    ...newLesson['zh-CN'],
    ...check['zh-CN'],
    ...recordings['zh-CN'],
    ...school['zh-CN'],
    ...timetable['zh-CN'],
    ...roster['zh-CN'],
  },
  {
    ...lobby.en,
    ...screen.en,
    ...newLesson.en,
    ...check.en,
    ...recordings.en,
    ...school.en,
    ...timetable.en,
    ...roster.en,
  },
);
