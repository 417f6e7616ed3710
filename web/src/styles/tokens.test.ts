import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';

const css = readFileSync('src/styles/tokens.css', 'utf8');

/** Return the colours of the block that begins with `selector`, by name. */
function colours(selector: string): Map<string, string> {
  const begin = css.indexOf(`${selector} {`);
  const block = css.slice(begin, css.indexOf('\n}', begin));
  return new Map(
    [...block.matchAll(/--tt-([\w-]+): (#[0-9a-f]{6})/g)].map((found) => [found[1] ?? '', found[2] ?? '']),
  );
}

/** WCAG 2.2, relative luminance. */
function luminance(colour: string): number {
  const [red = 0, green = 0, blue = 0] = [1, 3, 5].map((at) => {
    const part = parseInt(colour.slice(at, at + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

const light = colours('html:root');
const themes = { light, dark: new Map([...light, ...colours("html:root[data-theme='dark']")]) };
const READABLE = 7; // WCAG AAA: the wall is read from 8 m

describe.each(Object.entries(themes))('the %s ground', (_, theme) => {
  it.each([
    ['ink', ['ground', 'surface', 'sunken']],
    ['ink-2', ['ground', 'surface', 'sunken']],
    ['accent', ['ground', 'surface']],
    ['on-accent', ['accent']],
    ['warn', ['warn-soft', 'ground']],
    ['bad', ['ground', 'surface']],
    ['on-stage', ['stage']],
  ])('lets one read %s', (ink, grounds) => {
    for (const ground of grounds) {
      const found = contrast(theme.get(ink) ?? '', theme.get(ground) ?? '');
      expect([ink, ground, found >= READABLE ? READABLE : found]).toEqual([ink, ground, READABLE]);
    }
  });
});
