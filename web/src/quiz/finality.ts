/** Refusals that the same answer would meet again. Everything else may be the line, or who is logged in. */
export const FINAL: ReadonlySet<string> = new Set([
  'answer_invalid',
  'answers_too_many',
  'question_unknown',
  'text_too_long',
  'not_allowed',
  'message_malformed',
]);
export const FINAL_PHOTO: ReadonlySet<string> = new Set([
  'picture_unsupported',
  'picture_broken',
  'picture_too_large',
  'photos_full',
]);
