// @vitest-environment happy-dom
import '@/i18n/workshop';
import { describe, expect, it } from 'vitest';
import { i18n, t } from '@/i18n';
import { research } from '@/i18n/research';
import { folded, pageOf, sentence } from './sentence';
import type { Activity } from './types';

function entry(kind: string, data: Record<string, unknown>, more: Partial<Activity> = {}): Activity {
  return {
    id: 1,
    ts_ms: 0,
    kind,
    actor_id: 'p',
    actor: '和志强',
    school: '河口小学',
    plan_id: '',
    lesson_id: '',
    object_id: '',
    data,
    ...more,
  };
}

const said = (one: Activity): string =>
  sentence(
    one,
    (key, values) => t(key, values),
    (kind) => kind in research['zh-CN'].say,
  );

describe('a line of the log', () => {
  it('says what was done in plain words', () => {
    i18n.global.locale.value = 'zh-CN';
    expect(said(entry('plan.finalised', { title: '光的折射', number: 3 }))).toBe('定稿了《光的折射》第 3 版');
    expect(said(entry('group.role', { name: '马兰', role: 'guest' }))).toBe('把 马兰 改为来宾');
    expect(said(entry('gathering.planned', { title: '磨课', what: 'planning' }))).toBe(
      '安排了集体备课“磨课”',
    );
    expect(said(entry('plan.version', { title: '光', number: 2 }))).toBe('保存了《光》第 2 版');
  });

  it('of a kind that this page does not know is still a line', () => {
    expect(said(entry('moon.landed', {}))).toBe('做了一件事');
  });

  it('is one for a weekly gathering, however many weeks it has', () => {
    const weekly = [3, 2, 1].map((id) =>
      entry('gathering.planned', { title: '磨课' }, { id, ts_ms: 10_000 + id }),
    );
    const later = entry('gathering.planned', { title: '磨课' }, { ts_ms: 90_000 });
    expect(folded([later, ...weekly]).map((one) => [one.entry.id, one.times])).toEqual([
      [1, 1],
      [3, 3],
    ]);
    const comments = [entry('comment.made', { title: '光' }), entry('comment.made', { title: '光' })];
    expect(folded(comments)).toHaveLength(2);
  });

  it('leads to what it is about', () => {
    expect(pageOf(entry('plan.made', {}, { plan_id: 'x' }))).toBe('/plans/x');
    expect(pageOf(entry('review.given', {}, { plan_id: 'x', object_id: 'r' }))).toBe('/reviews/r');
    expect(pageOf(entry('group.made', {}))).toBeNull();
  });
});
