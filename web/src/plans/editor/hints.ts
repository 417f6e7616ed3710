/** What an empty line says: in an empty field what belongs there, elsewhere at the caret that one may write. */
import { Extension } from '@tiptap/core';
import { Plugin, PluginKey, type EditorState } from '@tiptap/pm/state';
import { Decoration, DecorationSet } from '@tiptap/pm/view';
import { t } from '@/i18n';
import { FIELDS } from '../types';

/** Fields with a hint; 教学过程 begins with its steps. */
const HINTED: ReadonlySet<string> = new Set(FIELDS.filter((field) => field !== 'process'));

function hints(state: EditorState): DecorationSet {
  const found: Decoration[] = [];
  const say = (pos: number, text: string): void => {
    const attributes = { class: 'is-empty', 'data-placeholder': text };
    found.push(Decoration.node(pos, pos + 2, attributes));
  };
  const { $from, empty } = state.selection;
  const caret = empty && $from.parent.type.name === 'paragraph' && $from.parent.content.size === 0;
  const line = caret ? $from.before() : -1;
  state.doc.forEach((field, pos) => {
    const name = String(field.attrs.field);
    const first = field.firstChild;
    if (field.type.name !== 'planField' || field.childCount !== 1 || !HINTED.has(name)) return;
    if (first?.type.name === 'paragraph' && first.content.size === 0) say(pos + 1, t(`plans.hint.${name}`));
  });
  if (caret && !found.some((one) => one.from === line)) say(line, t('plans.write'));
  return DecorationSet.create(state.doc, found);
}

export const Hints = Extension.create({
  name: 'hints',
  addProseMirrorPlugins() {
    const { editor } = this;
    const decorations = (state: EditorState) => (editor.isEditable ? hints(state) : null);
    return [new Plugin({ key: new PluginKey('hints'), props: { decorations } })];
  },
});
