import type { Recording } from '@/api/types';

/** What finalising tells of itself, as recorder/finalise.py names its steps. */
const STEPS = new Set([
  'screen',
  'pages',
  'lecturer',
  'guest',
  'low',
  'audio',
  'peaks',
  'light',
  'poster',
  'sprite',
  'events',
  'chapters',
]);

/** The key of the words for how far a recording is; a step that a newer server names is told as the state alone. */
export function stateKey(recording: Pick<Recording, 'state' | 'step'>): string {
  const isKnown = recording.state === 'finalising' && STEPS.has(recording.step);
  return isKnown ? `portal.recordings.step.${recording.step}` : `portal.recordings.state.${recording.state}`;
}
