import { describe, expect, it } from 'vitest';
import { MAX_BYTES, MAX_CLIPS, pickProblem, titleOf } from './picking';

const file = (name: string, size = 1_000_000) => ({ name, size });

describe('what is picked as clips', () => {
  it.each(['日食.mp4', 'IMG_0012.MOV', '课文.m4a', 'a.webm', '鸟鸣.mp3'])('takes %s', (name) => {
    expect(pickProblem([file(name)], 0)).toBeNull();
  });

  it('says of each file that cannot be one what it is', () => {
    expect(pickProblem([file('日食.mp4'), file('教案.docx')], 0)).toEqual({
      kind: 'kind',
      name: '教案.docx',
    });
    expect(pickProblem([file('空.mp4', 0)], 0)).toEqual({ kind: 'empty', name: '空.mp4' });
    expect(pickProblem([file('长.mp4', MAX_BYTES)], 0)).toBeNull();
    expect(pickProblem([file('长.mp4', MAX_BYTES + 1)], 0)).toEqual({
      kind: 'tooLarge',
      name: '长.mp4',
      mb: 201,
      most: 200,
    });
  });

  it('says how many more a lesson takes', () => {
    expect(pickProblem([file('a.mp4'), file('b.mp4')], MAX_CLIPS - 1)).toEqual({
      kind: 'tooMany',
      n: MAX_CLIPS,
      left: 1,
    });
  });

  it('calls a clip by its file', () => {
    expect(titleOf('日食.2024.mp4')).toBe('日食.2024');
    expect(titleOf(`${'长'.repeat(100)}.mp4`)).toHaveLength(80);
  });
});
