import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { inLanguage } from './shipped';

interface Rules {
  name: string;
  acts: { name: string }[];
  badges: { name: string; criteria: string }[];
}

describe('the rules that come with the system', () => {
  const rules = JSON.parse(readFileSync('../server/planning/credits/rules-2026-1.json', 'utf-8')) as Rules;
  const words = [
    rules.name,
    ...rules.acts.map((one) => one.name),
    ...rules.badges.flatMap((one) => [one.name, one.criteria]),
  ];

  it.each(words)('has English for %s', (own) => {
    expect(inLanguage(own, 'en')).toMatch(/^[A-Z][ -~’]+$/);
    expect(inLanguage(own, 'zh-CN')).toBe(own);
  });

  it("leaves a region's own words alone", () => expect(inLanguage('本县的规则', 'en')).toBe('本县的规则'));
});
