/** The fields of a lesson plan, in the order in which Chinese schools write them. */
export const FIELDS = [
  ...(['topic', 'standards', 'learners', 'goals', 'key_points'] as const),
  ...(['process', 'homework', 'reflection', 'notes'] as const),
];
export type FieldName = (typeof FIELDS)[number];

export const LEADERS = ['lecturer', 'local', 'both'] as const;
/** Who leads a step of the lesson, and so in which room. */
export type Leader = (typeof LEADERS)[number];

/** Somebody as the others of the document see them. */
export interface Author {
  id: string;
  name: string;
  school: string;
}
