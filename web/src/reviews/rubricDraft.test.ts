import { describe, expect, it } from 'vitest';
import { addItem, bodyOf, draftOf, isWhole, moveItem } from './rubricDraft';
import type { Rubric } from './types';

const COMMON: Rubric = {
  id: 'dual',
  version: 1,
  title: '双师课堂',
  items: [{ id: 'main_wait', area: '协同教学', side: 'main', text: '等得住', hint: '' }],
  levels: ['待改进', '一般', '好'],
  note: '',
};

describe('a rubric while it is written', () => {
  it('begins with the common one but is another', () => {
    const draft = draftOf(COMMON, true);
    for (const one of draft.items) one.text = '等三秒';
    expect([draft.id, draft.title, COMMON.items.map((one) => one.text)]).toEqual(['', '', ['等得住']]);
    expect(draftOf(COMMON, false).id).toBe('dual');
  });

  it('gives every new row an id of its own', () => {
    const draft = draftOf(COMMON, true);
    addItem(draft, '评价', 'both');
    addItem(draft, '评价', 'both');
    draft.items.splice(1, 1);
    addItem(draft, '评价', 'both');
    expect(new Set(draft.items.map((one) => one.id)).size).toBe(3);
  });

  it('moves rows, but not over an end', () => {
    const draft = draftOf(COMMON, true);
    addItem(draft, '评价', 'both');
    moveItem(draft, 0, -1);
    moveItem(draft, 1, 1);
    expect(draft.items.map((one) => one.id)).toEqual(['main_wait', 'item_2']);
    moveItem(draft, 0, 1);
    expect(draft.items.map((one) => one.id)).toEqual(['item_2', 'main_wait']);
  });

  it('leaves out empty rows, and is whole only with a title, a row and two levels', () => {
    const draft = draftOf(COMMON, true);
    addItem(draft, '评价', 'both');
    expect(bodyOf(draft).items).toHaveLength(1);
    expect(isWhole(bodyOf(draft))).toBe(false);
    draft.title = ' 本组量表 ';
    draft.levels = '差，好';
    expect(bodyOf(draft)).toMatchObject({ title: '本组量表', levels: ['差', '好'] });
    expect(isWhole(bodyOf(draft))).toBe(true);
    draft.levels = '好';
    expect(isWhole(bodyOf(draft))).toBe(false);
  });
});
