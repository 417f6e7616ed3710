/** What may be open below the list of classrooms: one thing at a time, so that no other is covered. */
export type PanelName = 'chat' | 'pupils' | 'private' | 'questions' | 'clips';
