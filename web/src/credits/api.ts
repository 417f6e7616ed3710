/** The requests of the credit bank: docs/http.md. Every failure is an ApiError. */
import { request } from '@/api/client';

export type AccountClass = 'unified' | 'autonomous' | 'growth';
export type ClaimState = 'pending' | 'posted' | 'lapsed' | 'reversed';

/** Amounts are hundredths of a credit. */
export interface Claim {
  readonly id: string;
  readonly person_id: string;
  readonly name: string;
  readonly title: string;
  readonly amount: number;
  readonly happened_ms: number;
  readonly due_ms: number;
  readonly state: ClaimState;
  readonly reason: string;
  readonly plan_id: string;
  readonly lesson_id: string;
  readonly entry_id: number | null;
}

export interface Rule {
  readonly act: string;
  readonly name: string;
  readonly account: AccountClass;
  readonly amount: number;
  readonly term_cap: number;
  readonly least_share_bp: number;
  readonly by_share: boolean;
  readonly least_notes: number;
}

export interface Badge {
  readonly badge: string;
  readonly name: string;
  readonly criteria: string;
  readonly have: number;
  readonly need: number;
  readonly issued_ms: number | null;
  readonly id: string;
}

export interface Statement {
  readonly person_id: string;
  readonly name: string;
  readonly school: string;
  readonly balances: readonly { readonly account: AccountClass; readonly amount: number }[];
  readonly pending: number;
  readonly claims: readonly Claim[];
  readonly badges: readonly Badge[];
  readonly rules: RuleSet;
  /** Versions that are not in force yet, the soonest first. */
  readonly coming: readonly RuleSet[];
  /** ISO 8601: tomorrow where the server is, the first day that new rules may begin on. */
  readonly next_day: string;
}

export interface RuleSet {
  readonly version: string;
  readonly name: string;
  /** ISO 8601 day. */
  readonly valid_from: string;
  readonly window_days: number;
  readonly acts: readonly Rule[];
}

/** A credit that a school's audit looks at, and whose it is. */
export interface Sampled {
  readonly name: string;
  readonly claim: Claim;
}

const of = (person: string): string => (person ? `?person=${encodeURIComponent(person)}` : '');

export const creditsApi = {
  statement: (person: string) => request<Statement>('GET', `/api/credits${of(person)}`),
  transcript: (person: string) => `/api/credits/transcript.pdf${of(person)}`,
  issue: (badge: string) => request<{ id: string }>('POST', '/api/credits/badges', { badge }),
  credential: (id: string) => `/api/credits/badges/${encodeURIComponent(id)}.jwt`,
  audit: async (school: string) =>
    (await request<{ items: Sampled[] }>('GET', `/api/credits/audit?school=${encodeURIComponent(school)}`))
      .items,
  addRules: (rules: RuleSet) => request<undefined>('POST', '/api/credits/rules', rules),
  reverse: (claim: string, reason: string) =>
    request<null>('POST', `/api/credits/claims/${encodeURIComponent(claim)}/reverse`, { reason }),
};

/** Return the page that shows what the credit was earned by, or an empty text. */
export function sourceOf(one: Claim): string {
  if (one.plan_id) return `/plans/${one.plan_id}/chain`;
  return one.lesson_id ? `/lessons/${one.lesson_id}/review` : '';
}

/** Return an amount as people write it. */
export const written = (amount: number): string => (amount / 100).toFixed(2);
