import { describe, expect, it } from 'vitest';
import { pageAddress, widthFor } from './pageWidth';

const widths = [640, 1280, 1920];
const wide = { widths, ratios: [16 / 9] };
const box = (width: number, height: number, density = 1) => ({ width, height, density });

describe('the width of a page', () => {
  it.each([
    ['a preview', box(300, 170), false, 640],
    ['a phone of high density', box(390, 220, 3), false, 1280],
    ['a laptop', box(900, 520), false, 1280],
    ['a wall', box(1500, 950), false, 1920],
    ['a wall on a weak link', box(1500, 950), true, 1280],
    ['a wall of 4K', box(3000, 1900), false, 1920],
    ['a box that is not laid out yet', box(0, 0), false, 640],
  ])('for %s', (_, size, poor, width) => {
    expect(widthFor(wide, 1, size, poor)).toBe(width);
  });

  it('counts the longer side of a page that stands upright', () => {
    expect(widthFor({ widths, ratios: [16 / 9, 0.7] }, 2, box(1500, 600), false)).toBe(640);
    expect(widthFor({ widths, ratios: [0.7] }, 5, box(1500, 950), false)).toBe(1280);
  });

  it('is none for drawings', () => {
    expect(widthFor({ widths: [], ratios: [] }, 1, box(800, 450), false)).toBe(null);
    expect(pageAddress({ page_url: '/p/{page}?deck=x' }, 3, null)).toBe('/p/3?deck=x');
    expect(pageAddress({ page_url: '/p/{page}?deck=x' }, 3, 640)).toBe('/p/3?deck=x&w=640');
  });
});
