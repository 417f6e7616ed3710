/** What the toolbar offers, and what each tool does. */
import type { Editor } from '@tiptap/core';
import type { IconName } from './icons';

export interface Tool {
  /** Also the name of its words: `plans.tool.…`. */
  name: IconName;
  keys?: string;
  run: (editor: Editor) => void;
  isOn?: (editor: Editor) => boolean;
  can?: (editor: Editor) => boolean;
}

const chain = (editor: Editor) => editor.chain().focus();

/** Tools that need nothing but the editor. */
export const FORMAT: readonly (readonly Tool[])[] = [
  [
    { name: 'undo', keys: 'Ctrl+Z', run: (e) => chain(e).undo().run(), can: (e) => e.can().undo() },
    { name: 'redo', keys: 'Ctrl+Y', run: (e) => chain(e).redo().run(), can: (e) => e.can().redo() },
  ],
  [
    {
      name: 'bold',
      keys: 'Ctrl+B',
      run: (e) => chain(e).toggleBold().run(),
      isOn: (e) => e.isActive('bold'),
    },
    {
      name: 'italic',
      keys: 'Ctrl+I',
      run: (e) => chain(e).toggleItalic().run(),
      isOn: (e) => e.isActive('italic'),
    },
    {
      name: 'underline',
      keys: 'Ctrl+U',
      run: (e) => chain(e).toggleUnderline().run(),
      isOn: (e) => e.isActive('underline'),
    },
  ],
  [
    {
      name: 'bullets',
      keys: 'Ctrl+Shift+8',
      run: (e) => chain(e).toggleBulletList().run(),
      isOn: (e) => e.isActive('bulletList'),
    },
    {
      name: 'numbers',
      keys: 'Ctrl+Shift+7',
      run: (e) => chain(e).toggleOrderedList().run(),
      isOn: (e) => e.isActive('orderedList'),
    },
    {
      name: 'checks',
      keys: 'Ctrl+Shift+9',
      run: (e) => chain(e).toggleTaskList().run(),
      isOn: (e) => e.isActive('taskList'),
    },
  ],
];

/** Rows and columns: `plans.table.…`, shown while the caret is in a table. */
export const TABLE: readonly { name: string; keys: string; run: (editor: Editor) => void }[] = [
  { name: 'rowBefore', keys: 'Ctrl+Alt+↑', run: (e) => chain(e).addRowBefore().run() },
  { name: 'rowAfter', keys: 'Ctrl+Alt+↓', run: (e) => chain(e).addRowAfter().run() },
  { name: 'columnBefore', keys: 'Ctrl+Alt+←', run: (e) => chain(e).addColumnBefore().run() },
  { name: 'columnAfter', keys: 'Ctrl+Alt+→', run: (e) => chain(e).addColumnAfter().run() },
  { name: 'deleteRow', keys: 'Ctrl+Alt+⌫', run: (e) => chain(e).deleteRow().run() },
  { name: 'deleteColumn', keys: 'Ctrl+Alt+Shift+⌫', run: (e) => chain(e).deleteColumn().run() },
  { name: 'deleteTable', keys: '', run: (e) => chain(e).deleteTable().run() },
];

export const STYLES = ['paragraph', 'heading3', 'heading4', 'quote'] as const;
/** How a line is set: `plans.style.…`. */
export type Style = (typeof STYLES)[number];

export function styleOf(editor: Editor): Style {
  if (editor.isActive('blockquote')) return 'quote';
  if (editor.isActive('heading', { level: 4 })) return 'heading4';
  return editor.isActive('heading') ? 'heading3' : 'paragraph';
}

export function setStyle(editor: Editor, style: Style): void {
  const plain = chain(editor);
  if (styleOf(editor) === 'quote') plain.unsetBlockquote();
  if (style === 'quote') plain.setParagraph().setBlockquote().run();
  else if (style === 'paragraph') plain.setParagraph().run();
  else plain.setHeading({ level: style === 'heading3' ? 3 : 4 }).run();
}
