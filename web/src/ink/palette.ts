/** The few colours and widths of ink. Objects name them by number, so they look the same on every screen. */

export const COLOURS = [
  { name: 'black', value: '#1a1a1a' },
  { name: 'red', value: '#cf222e' },
  { name: 'blue', value: '#1d5fd0' },
  { name: 'green', value: '#12743b' },
  { name: 'orange', value: '#c2570c' },
  { name: 'purple', value: '#7b35c9' },
  { name: 'yellow', value: '#ffd21f' },
  { name: 'white', value: '#ffffff' },
] as const;

export const WIDTHS = ['thin', 'middle', 'thick'] as const;

/** Units (16,384 to a page's width): 3, 5.5 and 10 px of a 1920 screen; seen from 8 m a line needs about 4. */
export const PEN_UNITS = [28, 48, 86] as const;
export const HIGHLIGHTER_UNITS = [200, 320, 480] as const;
/** Height of a line of text: 49, 70 and 105 px of a 1920 screen. */
export const TEXT_UNITS = [420, 600, 900] as const;
export const LINE_HEIGHT = 1.25;
export const HIGHLIGHTER_ALPHA = 0.38;

export const colourOf = (number: number): string => COLOURS[number]?.value ?? COLOURS[0].value;
export const penUnits = (width: number): number => PEN_UNITS[width] ?? PEN_UNITS[1];
export const highlighterUnits = (width: number): number => HIGHLIGHTER_UNITS[width] ?? HIGHLIGHTER_UNITS[1];
export const textUnits = (width: number): number => TEXT_UNITS[width] ?? TEXT_UNITS[1];
