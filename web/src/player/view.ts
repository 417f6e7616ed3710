/** How page and face share the screen. */
export const VIEWS = ['page', 'face', 'side'] as const;
export type View = (typeof VIEWS)[number];
