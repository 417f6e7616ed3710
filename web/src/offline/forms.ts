/** Forms of packs and of reports on their use. Pure. */

export interface Shape {
  tiers: string[];
  bytes: number;
  fits_fat32: boolean;
}

/** A report as it is sent: one envelope that a library signed, or records that a person brings. */
export type Report = { signed: unknown } | { uses: unknown[] };

const at = encodeURIComponent;
const MOST_USES = 150; // records that one report takes

export const packUrl = (resource: string, shape: Shape): string =>
  `/api/packs/${at(resource)}.zip?tiers=${shape.tiers.join(',')}`;
export const zimUrl = (resource: string, shape: Shape): string =>
  `/api/packs/${at(resource)}.zim?tiers=${shape.tiers.join(',')}`;
export const cmi5Url = (resource: string, shape: Shape): string =>
  `/api/packs/${at(resource)}/cmi5.zip?tiers=${shape.tiers.join(',')}`;
export const singleUrl = (resource: string): string => `/api/packs/${at(resource)}/light.html`;

/** The name of a pack by the heaviest that is in it. */
export function shapeName(shape: Shape): 'light' | 'low' | 'original' {
  if (shape.tiers.includes('original')) return 'original';
  return shape.tiers.includes('low') ? 'low' : 'light';
}

/** Return the reports in an exported file, or null when it is none. */
export function reportsIn(text: string): Report[] | null {
  let found: unknown;
  try {
    found = JSON.parse(text);
  } catch {
    return null;
  }
  if (typeof found !== 'object' || found === null || !('kind' in found) || found.kind !== 'tongtang-uses') {
    return null;
  }
  if ('signed' in found && Array.isArray(found.signed)) {
    return found.signed.map((signed: unknown) => ({ signed }));
  }
  if (!('uses' in found) || !Array.isArray(found.uses)) return null;
  const uses: unknown[] = found.uses;
  const reports: Report[] = [];
  for (let from = 0; from < uses.length; from += MOST_USES) {
    reports.push({ uses: uses.slice(from, from + MOST_USES) });
  }
  return reports;
}
