/** The icons of the ink tools, on a square of 24. */
export const ICONS = {
  pen: 'M4 20l1-4L16 5l3 3L8 19l-4 1zM14 7l3 3',
  highlighter: 'M6 14l8-9 5 4-8 9H7l-2 2M4 22h16',
  eraser: 'M4 15l8-9 7 6-7 8H8l-4-5zM9 10l7 6M12 20h8',
  line: 'M5 19L19 5',
  arrow: 'M5 19L19 5M11 5h8v8',
  rectangle: 'M4 6h16v12H4z',
  ellipse: 'M12 6c5 0 8 3 8 6s-3 6-8 6-8-3-8-6 3-6 8-6z',
  text: 'M5 6V4h14v2M12 4v16M9 20h6',
  pointer: 'M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 2v3M12 19v3M2 12h3M19 12h3',
  undo: 'M9 6L4 11l5 5M4 11h10a6 6 0 0 1 0 12',
  redo: 'M15 6l5 5-5 5M20 11H10a6 6 0 0 0 0 12',
  wipe: 'M5 7h14M9 7V4h6v3M7 7l1 13h8l1-13',
  board: 'M3 4h18v12H3zM8 21l4-5 4 5',
  plus: 'M12 5v14M5 12h14',
} as const;

export type IconName = keyof typeof ICONS;
