/** Which width of a page to fetch. Pure. */
import type { Deck } from '@/generated/messages';

/** Weak links stay at what a classroom's pack has: the step above costs three times as much. */
const POOR_MOST = 1280;

/** Return width to height of a page, 16:9 when it is not known. */
export function ratioOf(deck: Pick<Deck, 'ratios'>, page: number): number {
  return deck.ratios[page - 1] ?? deck.ratios[0] ?? 16 / 9;
}

/** Return the smallest width that is not blown up in a box of `width` × `height` CSS px, or null for drawings. */
export function widthFor(
  deck: Pick<Deck, 'widths' | 'ratios'>,
  page: number,
  box: { width: number; height: number; density: number },
  poor: boolean,
): number | null {
  const allowed = poor ? deck.widths.filter((width) => width <= POOR_MOST) : deck.widths;
  const choice = allowed.length > 0 ? allowed : deck.widths;
  const ratio = ratioOf(deck, page);
  const shown = Math.min(box.width, box.height * ratio);
  const longer = Math.max(shown, shown / ratio) * box.density;
  return choice.find((width) => width >= longer) ?? choice[choice.length - 1] ?? null;
}

/** Return the address of a page at a width. */
export function pageAddress(deck: Pick<Deck, 'page_url'>, page: number, width: number | null): string {
  const address = deck.page_url.replace('{page}', String(page));
  return width === null ? address : `${address}${address.includes('?') ? '&' : '?'}w=${width}`;
}

/** Return the address of a page of a deck that is in no lesson. */
export function deckPageAddress(deck: { page_url: string }, page: number, width: number): string {
  return deck.page_url.replace('{page}', String(page)).replace('{width}', String(width));
}
