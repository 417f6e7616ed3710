/** What the results of a review are laid out by. Pure. */
import type { Agreement, ItemSpread, RubricItem, Side } from './types';

export interface Area {
  name: string;
  items: RubricItem[];
}

export interface Section {
  side: Side;
  areas: Area[];
}

const SIDES: readonly Side[] = ['main', 'remote', 'both'];

/** Return the items by whose work they are about, then by area, in the order of the rubric. */
export function bySide(items: readonly RubricItem[]): Section[] {
  return SIDES.map((side) => {
    const areas: Area[] = [];
    for (const item of items.filter((one) => one.side === side)) {
      const known = areas.find((one) => one.name === item.area);
      if (known) known.items.push(item);
      else areas.push({ name: item.area, items: [item] });
    }
    return { side, areas };
  }).filter((one) => one.areas.length > 0);
}

/** Return the mean of each area of one side, of the items that anybody rated; null: nobody. */
export function areaMeans(
  section: Section,
  spreads: readonly ItemSpread[],
): { name: string; mean: number | null }[] {
  const means = new Map(spreads.map((one) => [one.item, one.mean]));
  return section.areas.map((area) => {
    const found = area.items.map((one) => means.get(one.id)).filter((one) => one !== undefined);
    return {
      name: area.name,
      mean: found.length > 0 ? found.reduce((a, b) => a + b, 0) / found.length : null,
    };
  });
}

const GOOD = 0.8; // Krippendorff: rely on it
const TENTATIVE = 0.667; // and draw tentative conclusions

/** Return what an alpha is worth. */
export function worth(agreement: Agreement): 'good' | 'fair' | 'poor' | null {
  const { alpha } = agreement;
  if (alpha === null) return null;
  if (alpha >= GOOD) return 'good';
  return alpha >= TENTATIVE ? 'fair' : 'poor';
}
