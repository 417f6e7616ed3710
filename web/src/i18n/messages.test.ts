// @vitest-environment happy-dom
import { describe, expect, it } from 'vitest';
import { AREAS as FIRST } from '.';
import { WORKSHOP } from './workshop';

const AREAS = { ...FIRST, ...WORKSHOP };

/** Return every leaf of a message tree as `a.b.c` → text. */
function leaves(tree: object, path = ''): Map<string, string> {
  const found = new Map<string, string>();
  for (const [key, value] of Object.entries(tree)) {
    if (typeof value === 'string') found.set(path + key, value);
    else for (const [inner, text] of leaves(value as object, `${path}${key}.`)) found.set(inner, text);
  }
  return found;
}

const placeholders = (text: string): string[] =>
  [...text.matchAll(/\{(\w+)\}/g)].map((m) => m[1] ?? '').sort();

describe.each(Object.entries(AREAS))('the words of %s', (_, area) => {
  const zh = leaves(area['zh-CN']);
  const en = leaves(area.en);

  it('exist in both languages', () => {
    expect([...en.keys()].sort()).toEqual([...zh.keys()].sort());
  });

  it('are never empty', () => {
    for (const text of [...zh.values(), ...en.values()]) expect(text.trim()).not.toBe('');
  });

  it('name the same things in braces', () => {
    for (const [key, text] of zh)
      expect([key, placeholders(en.get(key) ?? '')]).toEqual([key, placeholders(text)]);
  });
});

describe('the keys that the pages use', () => {
  const sources = import.meta.glob<string>(['/src/**/*.vue', '/src/**/*.ts'], {
    query: '?raw',
    import: 'default',
    eager: true,
  });
  const known = new Set<string>();
  for (const [name, area] of Object.entries(AREAS))
    for (const key of leaves(area['zh-CN']).keys()) known.add(`${name}.${key}`);

  it('all exist', () => {
    const missing: string[] = [];
    for (const [file, text] of Object.entries(sources)) {
      if (file.endsWith('.test.ts')) continue;
      for (const match of text.matchAll(/\bt\(\s*'([a-z]\w*(?:\.[\w-]+)+)'/g))
        if (!known.has(match[1] ?? '')) missing.push(`${file}: ${match[1]}`);
    }
    expect(missing).toEqual([]);
  });

  /** Whole keys in quotes, and keys with a part that varies: `lesson.rung.${word}`. */
  it('are all that there are', () => {
    const said: RegExp[] = [];
    for (const [file, text] of Object.entries(sources)) {
      if (file.includes('/i18n/') || file.endsWith('.test.ts')) continue;
      for (const [, key] of text.matchAll(/['"`]([a-z]\w*(?:\.(?:[\w-]|\$\{[^}`]*\})+)+)['"`]/g)) {
        const pattern = (key ?? '')
          .replace(/\$\{[^}]*\}/g, '*')
          .replaceAll('.', '\\.')
          .replaceAll('*', '.+');
        said.push(new RegExp(`^${pattern}$`));
      }
    }
    expect([...known].filter((key) => !said.some((pattern) => pattern.test(key)))).toEqual([]);
  });
});
