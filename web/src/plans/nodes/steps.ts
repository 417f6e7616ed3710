/** Adding, moving and numbering the steps of the lesson. */
import type { Editor } from '@tiptap/core';
import type * as Y from 'yjs';
import type { Node as PMNode } from '@tiptap/pm/model';
import { Plugin, PluginKey, TextSelection, type EditorState, type Transaction } from '@tiptap/pm/state';
import { ySyncPluginKey, yUndoPluginKey } from '@tiptap/y-tiptap';

/** Return a name for a step that no other has: 60 bits, so that steps made on two screens at once differ. */
export function newStepId(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(8));
  return [...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** Add an empty step behind the last of the field at `field`, and go to its title. */
export function insertStep(editor: Editor, field: number): void {
  const node = editor.state.doc.nodeAt(field);
  if (!node) return;
  const end = field + node.nodeSize - 1;
  const id = newStepId();
  const attrs = { id, title: '', minutes: 5, leader: 'lecturer' };
  const step = { type: 'planStep', attrs, content: [{ type: 'paragraph' }] };
  editor.chain().insertContentAt(end, step, { updateSelection: false }).run();
  editor.view.dom.querySelector<HTMLElement>(`[data-step="${id}"] input`)?.focus();
}

/** Let what follows be undone by itself, not with what was typed within the same moment. */
export function undoApart(state: EditorState): void {
  const undo = yUndoPluginKey.getState(state) as { undoManager: Y.UndoManager } | undefined;
  undo?.undoManager.stopCapturing();
}

/** Exchange the step at `pos` with the one before (-1) or behind (1); return whether there was one. */
export function moveStep(editor: Editor, pos: number, by: -1 | 1): boolean {
  const { doc, tr } = editor.state;
  const node = doc.nodeAt(pos);
  const at = doc.resolve(pos);
  const other = by < 0 ? at.nodeBefore : node && doc.resolve(pos + node.nodeSize).nodeAfter;
  if (!node || !other || other.type !== node.type) return false;
  const from = by < 0 ? pos - other.nodeSize : pos;
  const pair = by < 0 ? [node, other] : [other, node];
  const { anchor, head } = editor.state.selection;
  tr.replaceWith(from, from + node.nodeSize + other.nodeSize, pair);
  // The caret goes along with the step that it is in.
  const moved = by * other.nodeSize;
  const isIn = (place: number): boolean => place > pos && place < pos + node.nodeSize;
  const placed = (place: number) => tr.doc.resolve(place + moved);
  if (isIn(anchor) && isIn(head)) tr.setSelection(TextSelection.between(placed(anchor), placed(head)));
  undoApart(editor.state);
  editor.view.dispatch(tr.scrollIntoView());
  return true;
}

/** Return the positions of steps whose id is missing or was seen before: of what was pasted or split. */
export function doubtfulSteps(doc: PMNode): number[] {
  const seen = new Set<string>();
  const found: number[] = [];
  doc.descendants((node, pos) => {
    if (node.type.name !== 'planStep') return node.type.name === 'planField';
    const id = String(node.attrs.id ?? '');
    if (!id || seen.has(id)) found.push(pos);
    seen.add(id);
    return false;
  });
  return found;
}

const isOwn = (tr: Transaction): boolean => tr.docChanged && !tr.getMeta(ySyncPluginKey);

/** Keep ids of steps unique. Only for what is done here: two screens that each mend the other's would never end. */
export function uniqueSteps(): Plugin {
  return new Plugin({
    key: new PluginKey('uniqueSteps'),
    appendTransaction(transactions: readonly Transaction[], _: EditorState, state: EditorState) {
      if (!transactions.some(isOwn)) return null;
      const doubtful = doubtfulSteps(state.doc);
      if (doubtful.length === 0) return null;
      const { tr } = state;
      for (const pos of doubtful) tr.setNodeAttribute(pos, 'id', newStepId());
      return tr;
    },
  });
}

/** Refuse to delete fields of the template: a plan without its 教学过程 cannot become a lesson. */
export function keepFields(refused: () => void): Plugin {
  const count = (doc: PMNode): number => {
    let fields = 0;
    doc.forEach((node) => (fields += node.type.name === 'planField' ? 1 : 0));
    return fields;
  };
  return new Plugin({
    key: new PluginKey('keepFields'),
    filterTransaction(tr, state) {
      if (!isOwn(tr) || count(tr.doc) >= count(state.doc)) return true;
      refused();
      return false;
    },
  });
}
