/** What is said of saving. Pure. */
import type { PlanState } from './sync/PlanConnection';

export const SAVE_WORDS = [
  ...(['saved', 'saving', 'opening', 'offlineKept', 'offlineOpen', 'diskFull'] as const),
  ...(['offline', 'signedOut', 'otherPerson', 'refused', 'readOnly'] as const),
];
export type SaveWord = (typeof SAVE_WORDS)[number];

type Seen = Pick<PlanState, 'connection' | 'reason' | 'unsaved' | 'readOnly' | 'isMarked' | 'synced'>;

/** Return which words tell what became of what one wrote. */
export function saveWord(state: Seen): SaveWord {
  if (state.connection === 'signed_out') return state.reason === 'other_person' ? 'otherPerson' : 'signedOut';
  if (state.connection === 'refused') return 'refused';
  if (state.connection === 'online') {
    if (state.readOnly) return 'readOnly';
    if (!state.synced) return 'opening';
    return state.unsaved > 0 ? 'saving' : 'saved';
  }
  // No network is not what is wrong: somebody has to be told.
  if (state.reason === 'disk_full' && (state.connection === 'offline' || state.unsaved > 0))
    return 'diskFull';
  if (!state.synced && !state.isMarked) return state.connection === 'connecting' ? 'opening' : 'offline';
  // A link that is being made again after a moment is not worth a word while nothing waits.
  if (state.connection === 'connecting' && state.unsaved === 0) return state.readOnly ? 'readOnly' : 'saved';
  if (state.readOnly && state.unsaved === 0) return 'offline';
  return state.isMarked ? 'offlineKept' : 'offlineOpen';
}

/** Whether there is nothing that has to be known. */
export const isCalm = (state: Seen): boolean =>
  ['saved', 'saving', 'opening', 'readOnly'].includes(saveWord(state));

/** Whether leaving the page now would lose something. */
export function wouldLose(state: Seen): boolean {
  return state.unsaved > 0 && !state.isMarked;
}
