import { describe, expect, it } from 'vitest';
import { matches } from './findRecording';

describe('matches', () => {
  const recording = {
    title: '光的折射',
    subject: '五年级科学',
    lecturer: { name: '周敏' },
    school: { name: '实验小学' },
  };

  it.each([
    ['', true],
    ['折射', true],
    ['周敏 科学', true],
    ['周敏 数学', false],
  ])('%j: %s', (text, found) => {
    expect(matches(recording, text)).toBe(found);
  });
});
