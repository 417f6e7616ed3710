import { describe, expect, it } from 'vitest';
import { recordings } from '@/i18n/portal/recordings';
import { stateKey } from './recordingState';

describe('how far a recording is', () => {
  it('is told by the step while it is made, in words that are there', () => {
    const key = stateKey({ state: 'finalising', step: 'chapters' });
    expect(key).toBe('portal.recordings.step.chapters');
    expect(JSON.stringify(recordings)).toContain('正在生成章节');
  });

  it('is told by the state otherwise, and for a step that is not known here', () => {
    expect(stateKey({ state: 'ready', step: '' })).toBe('portal.recordings.state.ready');
    expect(stateKey({ state: 'finalising', step: '' })).toBe('portal.recordings.state.finalising');
    expect(stateKey({ state: 'finalising', step: 'something-new' })).toBe(
      'portal.recordings.state.finalising',
    );
  });
});
