/** Icons of the toolbar: paths of lines on 24 × 24. */
export const ICONS = {
  undo: 'M8 5 4 9l4 4M4 9h10a6 6 0 0 1 0 12h-3',
  redo: 'm16 5 4 4-4 4m4-4H10a6 6 0 0 0 0 12h3',
  bold: 'M7 4h6a4 4 0 0 1 0 8H7zM7 12h7a4 4 0 0 1 0 8H7z',
  italic: 'M10 4h8M6 20h8M14 4l-4 16',
  underline: 'M7 4v7a5 5 0 0 0 10 0V4M5 21h14',
  bullets: 'M9 6h12M9 12h12M9 18h12M4 6h.01M4 12h.01M4 18h.01',
  numbers: 'M10 6h11M10 12h11M10 18h11M4 4v4M3 14h2l-2 4h2',
  checks: 'M11 6h10M11 12h10M11 18h10M3 6l1.5 1.5L8 4M3 17l1.5 1.5L8 15',
  table: 'M3 5h18v14H3zM3 10h18M3 15h18M9 5v14M15 5v14',
  picture: 'M3 5h18v14H3zM3 16l5-5 4 4 3-3 6 5M15.5 9h.01',
  formula: 'M18 5H8l5 7-5 7h10',
  resource: 'M4 5h6a2 2 0 0 1 2 2v13a2 2 0 0 0-2-2H4zM20 5h-6a2 2 0 0 0-2 2v13a2 2 0 0 1 2-2h6z',
  page: 'M4 4h16v11H4zM12 15v5M8 20h8',
  comment: 'M4 5h16v11H10l-5 4v-4H4z',
} as const;
export type IconName = keyof typeof ICONS;
