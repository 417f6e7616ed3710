/** Keeps one's caret where it is while others write.
 *
 *  Theory of operation. What others write arrives as a whole new document, and the binding (@tiptap/y-tiptap 3.0.9)
 *  puts the caret back. When somebody changed the very line that the caret is in, it takes its own, right answer for a
 *  mistake and looks for a block with the text of before: of two people who begin in the same empty field, one finds the
 *  caret in the next empty field, and types there. So the place is held in Yjs positions here too, and where they still
 *  point into a line, they win. Where they do not (the line was made anew elsewhere), the binding's guess stays.
 *
 *  A key such as End moves the caret of the browser first; the editor hears of it by an event that comes a frame later.
 *  What others do within that frame would draw the caret where the editor believes it to be, and the next letter would
 *  land there. So the caret is read from the browser. */
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

interface Caret {
  anchor: number;
  head: number;
}

/** Return where the caret is now: in the browser, or as the editor knows it; null: no text is selected. */
function caretOf(view: EditorView): Caret | null {
  const { selection } = view.state;
  if (!(selection instanceof TextSelection)) return null;
  const { anchor, head } = selection;
  const dom = view.dom.ownerDocument.getSelection();
  const { anchorNode, focusNode } = dom ?? {};
  if (!dom || !anchorNode || !focusNode || view.composing || !view.hasFocus()) return { anchor, head };
  if (!view.dom.contains(anchorNode) || !view.dom.contains(focusNode)) return { anchor, head };
  const seen = {
    anchor: view.posAtDOM(anchorNode, dom.anchorOffset),
    head: view.posAtDOM(focusNode, dom.focusOffset),
  };
  const isText = (pos: number): boolean => view.state.doc.resolve(pos).parent.isTextblock;
  return isText(seen.anchor) && isText(seen.head) ? seen : { anchor, head };
}

/** Take over where the browser has the caret, before what changes no text draws the editor's there again. */
function follow(view: EditorView | null, state: EditorState): Transaction | null {
  const now = view && view.state.doc.eq(state.doc) ? caretOf(view) : null;
  if (!now || (now.anchor === state.selection.anchor && now.head === state.selection.head)) return null;
  return state.tr
    .setSelection(TextSelection.create(state.doc, now.anchor, now.head))
    .setMeta('addToHistory', false);
}

export const CaretKeeper = Extension.create<{ doc: Y.Doc | null }>({
  name: 'caretKeeper',
  addOptions: () => ({ doc: null }),
  addProseMirrorPlugins() {
    const { doc } = this.options;
    let held: Held | null = null;
    let shown: EditorView | null = null;
    const remember = (): void => {
      const now = shown && caretOf(shown);
      const state = shown?.state;
      held = state && now ? { anchor: hold(state, now.anchor), head: hold(state, now.head) } : null;
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
          if (transactions.every((tr) => !tr.docChanged && !tr.selectionSet)) return follow(shown, state);
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
