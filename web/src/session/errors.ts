/** Why a request or the whole session failed. `message` is for people. */
export class LessonError extends Error {
  override readonly name = 'LessonError';
  constructor(
    readonly code: string,
    detail: string,
  ) {
    super(detail);
  }
}

/** The answers after which coming back would change nothing, or would push another window out in turn. Everything else
 *  is met with another attempt: a classroom's screen has nobody to press a button. */
export const FINAL = new Set([
  'replaced',
  'left',
  'lesson_ended',
  'lesson_cancelled',
  'lesson_unknown',
  'not_allowed',
  'version_unsupported',
]);
