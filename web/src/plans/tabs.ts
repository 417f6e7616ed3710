/** The tabs beside a plan, in their order. */
export const TABS = ['comments', 'tasks', 'versions', 'shares', 'meeting'] as const;
export type Tab = (typeof TABS)[number];
/** Those that a phone has at the thumb; the others are a touch further. */
export const ON_PHONE: readonly Tab[] = ['comments', 'tasks', 'versions', 'meeting'];
