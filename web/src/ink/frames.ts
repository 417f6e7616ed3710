/** Ink in flight: the short text frames of signaling/board_frames.py, which explains them. */
import type { InkTool } from '@/generated/messages';

export const MARK = '~';
export const MAX_FRAME_POINTS = 120; // of at most 8 characters each: a frame has 1,024

const LETTERS: Readonly<Record<string, InkTool>> = {
  p: 'pen',
  h: 'highlighter',
  l: 'line',
  a: 'arrow',
  r: 'rectangle',
  e: 'ellipse',
};
const LETTER_OF = new Map(Object.entries(LETTERS).map(([letter, tool]) => [tool, letter]));

export interface Style {
  readonly tool: InkTool;
  readonly colour: number;
  readonly width: number;
}

export type InkFrame =
  | { kind: 'begin'; author: number; n: number; style: Style; surface: string; points: string }
  | { kind: 'more'; author: number; points: string }
  | { kind: 'cancel'; author: number }
  | { kind: 'pointer'; author: number; points: string };

const BEGIN = /^(\d+);([phlare])(\d)(\d);([^;]*);([\w-]*)$/;

/** Return the frame that the server relayed, or null for one that a newer server may send. */
export function readFrame(text: string): InkFrame | null {
  const found = /^~(\d+)([+:@-])(.*)$/.exec(text);
  if (!found) return null;
  const author = Number(found[1]);
  const rest = found[3] ?? '';
  switch (found[2]) {
    case '+': {
      const begin = BEGIN.exec(rest);
      const tool = LETTERS[begin?.[2] ?? ''];
      if (!begin || !tool) return null;
      const style = { tool, colour: Number(begin[3]), width: Number(begin[4]) };
      return {
        kind: 'begin',
        author,
        n: Number(begin[1]),
        style,
        surface: begin[5] ?? '',
        points: begin[6] ?? '',
      };
    }
    case ':':
      return { kind: 'more', author, points: rest };
    case '@':
      return { kind: 'pointer', author, points: rest };
    default:
      return { kind: 'cancel', author };
  }
}

export const beginFrame = (n: number, style: Style, surface: string, points: string): string =>
  `~+${n};${LETTER_OF.get(style.tool) ?? 'p'}${style.colour}${style.width};${surface};${points}`;
export const moreFrame = (points: string): string => `~:${points}`;
export const endFrame = (points: string): string => `~.${points}`;
export const CANCEL_FRAME = '~-';
export const pointerFrame = (points: string): string => `~@${points}`;
