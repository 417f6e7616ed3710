/** Shares of contributors, in basis points that add up to the whole. Pure. */
import type { Contributor, Metadata } from './types';

export const WHOLE_BP = 10_000;

/** Return the same people with equal shares; the first ones have the rest. */
export function equalShares(people: readonly Contributor[]): Contributor[] {
  const share = Math.floor(WHOLE_BP / Math.max(1, people.length));
  const rest = WHOLE_BP - share * people.length;
  return people.map((one, number) => ({ ...one, share_bp: share + (number < rest ? 1 : 0) }));
}

export const totalBp = (people: readonly Contributor[]): number =>
  people.reduce((sum, one) => sum + (Number.isFinite(one.share_bp) ? one.share_bp : 0), 0);

/** Return a percentage as it is typed, in basis points. */
export const toBp = (percent: number): number =>
  Math.min(WHOLE_BP, Math.max(0, Math.round((Number.isFinite(percent) ? percent : 0) * 100)));

/** What a metadata form holds, without the life of the resource around it. */
export function metadataOf(from: Metadata): Metadata {
  const { title, subject, grade, edition, language, tier, licence, flow, description, audience } = from;
  const contributors = from.contributors.map((one) => ({ ...one }));
  return {
    ...{ title, subject, grade, edition, language, tier, licence, flow, description, audience },
    contributors,
  };
}

const FIELDS = [
  ...(['title', 'subject', 'grade', 'edition', 'language', 'tier'] as const),
  ...(['licence', 'flow', 'audience', 'contributors', 'description'] as const),
];
export type Field = (typeof FIELDS)[number];

/** Return the fields in which two versions differ, in the order of the form. */
export function differences(before: Metadata, after: Metadata): Field[] {
  return FIELDS.filter((name) => JSON.stringify(before[name]) !== JSON.stringify(after[name]));
}
