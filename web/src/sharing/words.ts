/** What a link can give, and how it is put into another page. Pure. */
import type { Reach, Scope, Shelf } from './api';

/** How far consents must reach for a link: one to a school of the lesson is told so by the server. */
export const REACHES: Readonly<Record<Scope, Reach>> = {
  anyone: 'public',
  region: 'region',
  school: 'region',
};

type Rendition = Shelf['renditions'][number];

/** Return whether a link of this scope gives the rendition. Of a school that was in the lesson it may give more. */
export const isGiven = (one: Rendition, scope: Scope): boolean => one.leaves.includes(REACHES[scope]);

/** Return the sites of a text with one a line. */
export function sitesOf(text: string): string[] {
  const lines = text.split(/[\s,，]+/).map((line) => line.trim().replace(/\/+$/, ''));
  return [...new Set(lines.filter((line) => line !== ''))];
}

/** Return HTML that shows the player on another page. */
export function embedCode(url: string, title: string): string {
  const name = title.replace(/&/g, '&amp;').replace(/"/g, '&quot;').replace(/</g, '&lt;');
  const style = 'width:100%;aspect-ratio:16/9;border:0';
  return `<iframe src="${url}" title="${name}" style="${style}" allow="fullscreen" loading="lazy"></iframe>`;
}

/** Copy to the clipboard; over plain http browsers only have the old way. Returns whether it worked. */
export async function copyText(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    const box = document.createElement('textarea');
    box.value = text;
    box.style.position = 'fixed';
    document.body.append(box);
    box.select();
    const done = document.execCommand('copy');
    box.remove();
    return done;
  }
}
