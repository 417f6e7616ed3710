/** The people of a group by school. Pure. */
import type { Member } from './types';

export interface SchoolOf {
  id: string;
  /** Empty: people of the region. */
  name: string;
  region: string;
  isRural: boolean;
  members: Member[];
}

/** Return the schools with their people: the lead's first, then by name; people of the region last. */
export function bySchool(members: readonly Member[]): SchoolOf[] {
  const found = new Map<string, SchoolOf>();
  for (const one of members) {
    const id = one.school?.id ?? '';
    const school = found.get(id) ?? {
      id,
      name: one.school?.name ?? '',
      region: one.region,
      isRural: one.is_rural,
      members: [],
    };
    school.members.push(one);
    found.set(id, school);
  }
  const lead = members.find((one) => one.role === 'lead')?.school?.id;
  const rank = (one: SchoolOf): number => (one.id === '' ? 2 : one.id === lead ? 0 : 1);
  return [...found.values()].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name, 'zh'));
}
