import { describe, expect, it } from 'vitest';
import { bySchool } from './people';
import type { Member, MemberRole } from './types';

function member(name: string, school: string, role: MemberRole = 'member'): Member {
  return {
    group_id: 'g',
    person: { id: name, name },
    school: school ? { id: school, name: school } : null,
    region: '云岭县',
    is_rural: school !== '春城实验小学',
    role,
    since_ms: 0,
    left_ms: null,
    confirmed: 0,
  };
}

describe('the people of a group', () => {
  it('stand by school: the lead’s first, the region’s last', () => {
    const found = bySchool([
      member('赵敏', '', 'guest'),
      member('和志强', '河口小学'),
      member('周明远', '春城实验小学'),
      member('林晓云', '春城实验小学', 'lead'),
    ]);
    expect(found.map((one) => [one.name, one.isRural, one.members.map((it) => it.person.name)])).toEqual([
      ['春城实验小学', false, ['周明远', '林晓云']],
      ['河口小学', true, ['和志强']],
      ['', true, ['赵敏']],
    ]);
  });
});
