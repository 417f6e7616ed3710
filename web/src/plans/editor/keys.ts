/** Rows and columns by keys, and selecting within a field first. */
import { Extension, type Editor } from '@tiptap/core';
import { TextSelection } from '@tiptap/pm/state';

/** Select what is in the field where the caret is; false when it is selected already: then all is. */
function selectField(editor: Editor): boolean {
  const { state, view } = editor;
  const { $from, from, to } = state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    if ($from.node(depth).type.name !== 'planField') continue;
    const [start, end] = [$from.start(depth), $from.end(depth)];
    const within = TextSelection.between(state.doc.resolve(start), state.doc.resolve(end));
    if (within.from === from && within.to === to) return false;
    view.dispatch(state.tr.setSelection(within));
    return true;
  }
  return false;
}

export const tableKeys = Extension.create({
  name: 'tableKeys',
  addKeyboardShortcuts() {
    // Asked for at each key: commands are bound to the state that they were asked for in.
    const { editor } = this;
    return {
      'Mod-a': () => selectField(editor),
      'Mod-Alt-ArrowUp': () => editor.commands.addRowBefore(),
      'Mod-Alt-ArrowDown': () => editor.commands.addRowAfter(),
      'Mod-Alt-ArrowLeft': () => editor.commands.addColumnBefore(),
      'Mod-Alt-ArrowRight': () => editor.commands.addColumnAfter(),
      'Mod-Alt-Backspace': () => editor.commands.deleteRow(),
      'Mod-Alt-Shift-Backspace': () => editor.commands.deleteColumn(),
    };
  },
});
