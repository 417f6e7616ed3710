/** Places in the text that stay right while others write.
 *
 *  What others wrote arrives as a whole new document, so positions of ProseMirror mean nothing afterwards; those of
 *  Yjs, which stick to letters, do. */
import type { EditorState } from '@tiptap/pm/state';
import {
  absolutePositionToRelativePosition,
  relativePositionToAbsolutePosition,
  ySyncPluginKey,
} from '@tiptap/y-tiptap';
import * as Y from 'yjs';

interface SyncState {
  doc: Y.Doc;
  type: Y.XmlFragment;
  /** Yjs types and the nodes made of them; the binding keeps it. */
  binding: { mapping: never } | null;
}

function syncState(state: EditorState): SyncState | null {
  const found = ySyncPluginKey.getState(state) as SyncState | undefined;
  return found?.binding ? found : null;
}

/** Whether the text is there: before that no place means anything. */
export const isBound = (state: EditorState): boolean => syncState(state) !== null;

/** Return a place that stays right; null before the text is there. */
export function hold(state: EditorState, pos: number): Y.RelativePosition | null {
  const sync = syncState(state);
  if (!sync?.binding) return null;
  return absolutePositionToRelativePosition(pos, sync.type, sync.binding.mapping) as Y.RelativePosition;
}

/** Return where a held place is now; null when what it stuck to is gone. */
export function find(state: EditorState, place: Y.RelativePosition | null): number | null {
  const sync = syncState(state);
  if (!sync?.binding || !place) return null;
  const pos = relativePositionToAbsolutePosition(sync.doc, sync.type, place, sync.binding.mapping) as
    number | null;
  return pos !== null && pos >= 0 && pos <= state.doc.content.size ? pos : null;
}

/** Return the same place as `hold`, but sticking to the letter behind it: what is typed before that comes before. */
export function holdBefore(state: EditorState, pos: number): Y.RelativePosition | null {
  const sync = syncState(state);
  const place = hold(state, pos);
  const found = sync && place && Y.createAbsolutePositionFromRelativePosition(place, sync.doc);
  return found ? Y.createRelativePositionFromTypeIndex(found.type, found.index, 0) : place;
}
