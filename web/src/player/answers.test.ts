import { describe, expect, it } from 'vitest';
import { givenAnswers, isRight, keepAnswers } from './answers';

class Shelf {
  held = new Map<string, string>();
  getItem = (key: string): string | null => this.held.get(key) ?? null;
  setItem = (key: string, value: string): void => void this.held.set(key, value);
}
const shelf = (): Storage => new Shelf() as unknown as Storage;

describe('isRight', () => {
  it.each([
    ['single', 'C', 'C', true],
    ['single', 'A', 'C', false],
    ['multiple', 'CA', 'AC', true],
    ['multiple', 'A', 'AC', false],
    ['true_false', 'A', 'A', true],
    ['number', ' 1,000.50 ', '1000.5', true],
    ['number', '１２', '12', true],
    ['number', '', '0', false],
    ['text', ' 折射 ', '折射', true],
    ['text', 'Snell', 'snell', true],
    ['text', '反射', '折射', false],
    ['single', 'A', '', null],
    ['photo', '-', '图', null],
  ] as const)('%s %j where %j is right: %s', (kind, value, correct, right) => {
    expect(isRight(kind, value, correct)).toBe(right);
  });
});

describe('answers', () => {
  it('come back for their recording only', () => {
    const storage = shelf();
    keepAnswers('a', { q1: 'C' }, storage);
    expect(givenAnswers('a', storage)).toEqual({ q1: 'C' });
    expect(givenAnswers('b', storage)).toEqual({});
  });

  it.each(['{', '[]', '3', '{"q1": 4}'])('reads %j as none', (text) => {
    const storage = shelf();
    storage.setItem('tongtang.answers.a', text);
    expect(givenAnswers('a', storage)).toEqual({});
  });

  it('are not missed where a browser keeps nothing', () => {
    const full = {
      getItem: () => null,
      setItem: () => {
        throw new DOMException('full');
      },
    } as unknown as Storage;
    keepAnswers('a', { q1: 'C' }, full);
    keepAnswers('a', { q1: 'C' }, null);
    expect(givenAnswers('a', null)).toEqual({});
  });
});
