/** Naming people in the plan: '@' offers them, and whoever is chosen stands there as an atom. */
import { Extension, type Editor } from '@tiptap/core';
import { Plugin, PluginKey } from '@tiptap/pm/state';
import type { EditorView } from '@tiptap/pm/view';
import { watch } from 'vue';
import { askedIn, type Asked } from '../naming/names';
import type { Naming } from '../naming/useNaming';
import type { Author } from '../types';

/** Letters before the caret that are looked at. */
const LOOKED_AT = 20;
/** After a composition was ended from here, until the editor has read what became of it (prosemirror-view waits 20). */
const COMPOSED_MS = 60;

function asked(view: EditorView): Asked | null {
  const { selection } = view.state;
  const { parent, parentOffset } = selection.$from;
  if (!view.editable || !selection.empty || !parent.isTextblock || parent.type.spec.code) return null;
  const from = Math.max(0, parentOffset - LOOKED_AT);
  return askedIn(parent.textBetween(from, parentOffset, undefined, '\ufffc'), view.composing);
}

/** Put somebody's name where the '@' stands. */
function put(editor: Editor, one: Author): void {
  const found = asked(editor.view);
  if (!found) return;
  const to = editor.state.selection.from;
  const mention = { type: 'mention', attrs: { person: one.id, name: one.name } };
  // The space gives the caret, and an input method, a text to stand in.
  editor
    .chain()
    .insertContentAt({ from: to - found.length, to }, [mention, { type: 'text', text: ' ' }])
    .focus()
    .run();
}

/** Put a name; an input method that still composes is made to end first, or its letters came twice. */
export function putName(editor: Editor, one: Author): void {
  const { view } = editor;
  if (!view.composing) return put(editor, one);
  view.dom.blur();
  view.focus();
  setTimeout(() => {
    if (!editor.isDestroyed) put(editor, one);
  }, COMPOSED_MS);
}

export interface NamingOptions {
  naming: Naming | null;
  /** The id of the list, for screen readers. */
  listId: string;
}

export const NamingKeys = Extension.create<NamingOptions>({
  name: 'namingKeys',
  priority: 1000, // before what Enter, Tab and the arrows do in lists and tables
  addOptions: () => ({ naming: null, listId: '' }),
  addProseMirrorPlugins() {
    const { naming, listId } = this.options;
    if (!naming) return [];
    const look = (view: EditorView): void => {
      const found = view.hasFocus() ? asked(view) : null;
      const at = view.state.selection.from - (found?.length ?? 0);
      naming.ask(found && { at, query: found.query, place: () => placeOf(view, at) });
    };
    return [
      new Plugin({
        key: new PluginKey('namingKeys'),
        view(view) {
          const stop = watch([naming.found, naming.index], ([people, index]) =>
            tell(view.dom, people.length > 0 ? `${listId}-${index}` : null, listId),
          );
          return { update: look, destroy: stop };
        },
        props: {
          handleKeyDown: (_, event) => naming.onKey(event),
          handleDOMEvents: {
            blur: () => {
              naming.ask(null);
              return false;
            },
          },
        },
      }),
    ];
  },
});

function placeOf(view: EditorView, at: number): DOMRect | null {
  if (view.isDestroyed || at > view.state.doc.content.size) return null;
  const { left, top, bottom } = view.coordsAtPos(at);
  return new DOMRect(left, top, 0, bottom - top);
}

/** Tell screen readers which name is chosen: the focus stays in the text. */
function tell(dom: HTMLElement, active: string | null, listId: string): void {
  const values = { 'aria-activedescendant': active, 'aria-controls': active && listId };
  for (const [name, value] of Object.entries(values)) {
    if (value === null) dom.removeAttribute(name);
    else dom.setAttribute(name, value);
  }
}
