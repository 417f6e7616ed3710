/** KaTeX with its letters, fetched when the first formula is shown: most plans have none. */
import type katex from 'katex';

export type Katex = typeof katex;

/** Of a formula, letters: longer ones are drawn for seconds on a school PC. */
export const FORMULA_LIMIT = 2000;

let loading: Promise<Katex> | null = null;

export function loadKatex(): Promise<Katex> {
  loading ??= Promise.all([import('katex'), import('katex/dist/katex.min.css')]).then(
    ([found]) => found.default,
  );
  loading.catch(() => (loading = null)); // without a network: asked again with the next formula
  return loading;
}

/** Draw `latex` into `place`; return what is wrong with it, or null. What cannot be drawn stays readable as typed. */
export async function drawFormula(
  latex: string,
  place: HTMLElement,
  isBlock: boolean,
): Promise<string | null> {
  try {
    const drawer = await loadKatex();
    // `trust` stays false: a formula must not carry links or pictures from elsewhere.
    drawer.render(latex.slice(0, FORMULA_LIMIT), place, {
      displayMode: isBlock,
      maxExpand: 500,
      maxSize: 20,
    });
    return null;
  } catch (error) {
    place.textContent = latex;
    return error instanceof Error ? error.message.replace(/^KaTeX parse error: /, '') : String(error);
  }
}
