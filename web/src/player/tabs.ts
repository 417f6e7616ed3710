export const TABS = ['chapters', 'questions', 'find'] as const;
export type Tab = (typeof TABS)[number];
