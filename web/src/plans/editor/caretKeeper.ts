/** Keeps one's caret where it is while others write.
 *
 *  Theory of operation. What others write arrives as a whole new document, and the binding (@tiptap/y-tiptap 3.0.9)
 *  puts the caret back. When somebody changed the very line that the caret is in, it takes its own, right answer for a
 *  mistake and looks for a block with the text of before: of two people who begin in the same empty field, one finds the
 *  caret in the next empty field, and types there. So the place is held in Yjs positions here too, and where they still
 *  point into a line, they win. Where they do not (the line was made anew elsewhere), the binding's guess stays. */
import { Extension } from '@tiptap/core';
import { Plugin, PluginKey, TextSelection, type EditorState, type Transaction } from '@tiptap/pm/state';
import type { EditorView } from '@tiptap/pm/view';
import { ySyncPluginKey } from '@tiptap/y-tiptap';
import type * as Y from 'yjs';
import { find, hold } from './places';

interface Held {
  anchor: Y.RelativePosition | null;
  head: Y.RelativePosition | null;
}

/** Whether a transaction brings what others wrote; undoing puts the caret where the undone was. */
function isFromOthers(tr: Transaction): boolean {
  const meta = tr.getMeta(ySyncPluginKey) as
    { isChangeOrigin?: boolean; isUndoRedoOperation?: boolean } | undefined;
  return meta?.isChangeOrigin === true && meta.isUndoRedoOperation !== true;
}

function placeIn(state: EditorState, place: Y.RelativePosition | null): number | null {
  const pos = find(state, place);
  return pos !== null && state.doc.resolve(pos).parent.isTextblock ? pos : null;
}

export const CaretKeeper = Extension.create<{ doc: Y.Doc | null }>({
  name: 'caretKeeper',
  addOptions: () => ({ doc: null }),
  addProseMirrorPlugins() {
    const { doc } = this.options;
    let held: Held | null = null;
    let shown: EditorView | null = null;
    const remember = (): void => {
      const state = shown?.state;
      const isText = state?.selection instanceof TextSelection;
      held =
        state && isText
          ? { anchor: hold(state, state.selection.anchor), head: hold(state, state.selection.head) }
          : null;
    };
    return [
      new Plugin({
        key: new PluginKey('caretKeeper'),
        view(view) {
          shown = view;
          doc?.on('beforeAllTransactions', remember);
          return {
            destroy: () => {
              shown = null;
              doc?.off('beforeAllTransactions', remember);
            },
          };
        },
        appendTransaction(transactions, _, state) {
          if (!held || !transactions.some(isFromOthers)) return null;
          const anchor = placeIn(state, held.anchor);
          const head = placeIn(state, held.head);
          if (anchor === null || head === null) return null;
          if (anchor === state.selection.anchor && head === state.selection.head) return null;
          return state.tr
            .setSelection(TextSelection.create(state.doc, anchor, head))
            .setMeta('addToHistory', false);
        },
      }),
    ];
  },
});
