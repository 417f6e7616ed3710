/** The tabs beside a plan, in their order. */
export const TABS = ['comments', 'tasks', 'versions', 'shares', 'meeting'] as const;
export type Tab = (typeof TABS)[number];
