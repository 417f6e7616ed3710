export const ICONS = {
  play: 'M7 4v16l13-8z',
  pause: 'M6 4h4v16H6zM14 4h4v16h-4z',
  back: 'M11 5 3 12l8 7zM21 5l-8 7 8 7z',
  forward: 'M13 5l8 7-8 7zM3 5l8 7-8 7z',
  previous: 'M14.5 4 16.6 6l-6 6 6 6-2.1 2-8-8z',
  next: 'M9.5 4 7.4 6l6 6-6 6 2.1 2 8-8z',
  sound: 'M3 9v6h4l6 5V4L7 9zM16 8.5v7a4 4 0 0 0 0-7z',
  muted:
    'M3 9v6h4l6 5V4L7 9zM15 9.4 16.4 8 19 10.6 21.6 8 23 9.4 20.4 12l2.6 2.6-1.4 1.4-2.6-2.6L16.4 16 15 14.6l2.6-2.6z',
  full: 'M4 4h7v2.5H6.5V11H4zM13 17.5h4.5V13H20v7h-7z',
  small: 'M8.5 4H11v7H4V8.5h4.5zM13 13h7v2.5h-4.5V20H13z',
  captions: 'M3 5h18v14H3zM5 7v10h14V7zM7 10h4v1.6H7zM7 13.4h6V15H7zM13 10h4v1.6h-4zM14.5 13.4H17V15h-2.5z',
} as const;

export type IconName = keyof typeof ICONS;
