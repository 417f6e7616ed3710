// @vitest-environment happy-dom
import 'fake-indexeddb/auto';
import { beforeEach, describe, expect, it } from 'vitest';
import type { Me } from '@/api/types';
import type { Plan } from '../api';
import { keptCover, mark, markedPlans, notePerson, wipeCopies } from './marks';

const person = (id: string): Me => ({ id, name: `老师${id}` }) as Me;
const cover = { id: 'plan1', title: '光的折射' } as Plan;

describe('the marks of a browser', () => {
  beforeEach(() => localStorage.clear());

  it('give a cover without a network to whoever was logged in last, and marked the plan', () => {
    notePerson(person('he'));
    expect(keptCover('plan1')).toBeNull();
    mark('he', 'plan1', { cover });
    expect(keptCover('plan1')).toEqual({ me: person('he'), cover });
    expect(keptCover('plan2')).toBeNull();
    notePerson(person('lin'));
    expect(keptCover('plan1')).toBeNull();
    notePerson(person('he'));
    expect(keptCover('plan1')?.cover.title).toBe('光的折射');
    notePerson(null);
    expect(keptCover('plan1')).toBeNull();
  });

  it('keep the cover when more is noted, and lose it when the person logs out', async () => {
    mark('he', 'plan1', { cover });
    mark('he', 'plan1', { unsaved: true });
    mark('he', 'plan1', { readOnly: false });
    expect(markedPlans('he')).toEqual({ plan1: { unsaved: true, readOnly: false, cover } });
    await wipeCopies('he');
    expect(markedPlans('he').plan1?.unsaved).toBe(true); // what only this browser has stays
    mark('he', 'plan1', { unsaved: false });
    await wipeCopies('he');
    expect(markedPlans('he')).toEqual({});
  });

  it('are passed over when they cannot be read', () => {
    localStorage.setItem('tongtang-person', '{');
    expect(keptCover('plan1')).toBeNull();
  });
});
