/** How a school's classrooms fetch packs: docs/http.md. */
import { request } from '@/api/client';

export interface PackPolicy {
  /** `22:00`, by the clocks of the schools. */
  night_from: string;
  night_to: string;
  lead_hours: number;
  ceiling_kbps: number | null;
}

const path = (school: string): string => `/api/schools/${encodeURIComponent(school)}/packs`;

export const packPolicy = {
  get: (school: string) => request<PackPolicy>('GET', path(school)),
  put: (school: string, policy: PackPolicy) => request<PackPolicy>('PUT', path(school), policy),
};

export const LEADS: readonly number[] = [0, 1, 2, 4, 8, 24, 48];
const CEILINGS: readonly number[] = [128, 256, 512, 1000, 2000, 4000, 8000];

/** The rates to choose from, and one that was set by other means. */
export function ceilingChoices(now: number | null): number[] {
  return [...new Set([...CEILINGS, ...(now === null ? [] : [now])])].sort((a, b) => a - b);
}

/** How many minutes 10 MB take, rounded up. */
export const minutesFor = (kbps: number): number => Math.ceil((10_000_000 * 8) / (kbps * 1000) / 60);
