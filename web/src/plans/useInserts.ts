/** What is put into the text through a dialog: formulas, pictures, links. */
import type { Editor } from '@tiptap/vue-3';
import { ref, shallowRef, type ShallowRef } from 'vue';
import { humanDetail } from '@/api/client';
import { t } from '@/i18n';
import { planApi } from './api';
import { addPictures, PICTURES } from './editor/pictures';

export type Dialog =
  | { kind: 'formula'; pos: number | null; latex: string; isBlock: boolean }
  | { kind: 'picture'; pos: number; alt: string }
  | { kind: 'resource' }
  | { kind: 'page' };

export function useInserts(plan: string, editor: () => ShallowRef<Editor>) {
  const dialog = shallowRef<Dialog | null>(null);
  /** What is to be said: pictures on their way, what hinders. */
  const said = ref('');

  async function upload(file: File): Promise<string | null> {
    said.value = t('plans.picture.busy');
    try {
      const { url } = await planApi.addPicture(plan, file);
      said.value = '';
      return url;
    } catch (error) {
      said.value = t('plans.picture.failed', { reason: humanDetail(error) });
      return null;
    }
  }

  function choosePicture(): void {
    const input = document.createElement('input');
    Object.assign(input, { type: 'file', accept: PICTURES, multiple: true });
    input.onchange = () => void addPictures(editor().value, upload, [...(input.files ?? [])]);
    input.click();
  }

  function open(what: 'picture' | 'formula' | 'resource' | 'page'): void {
    const { selection } = editor().value.state;
    const chosen =
      'node' in selection ? (selection.node as { type: { name: string }; attrs: { alt?: string } }) : null;
    if (what === 'formula') dialog.value = { kind: 'formula', pos: null, latex: '', isBlock: false };
    else if (what !== 'picture') dialog.value = { kind: what };
    else if (chosen?.type.name === 'image')
      dialog.value = { kind: 'picture', pos: selection.from, alt: chosen.attrs.alt ?? '' };
    else choosePicture();
  }

  function put(content: { type: string; attrs: Record<string, unknown> }): void {
    dialog.value = null;
    editor().value.chain().focus().insertContent(content).run();
  }

  /** Write a new formula, or change the one that was opened if it is still there. */
  function saveFormula(latex: string, isBlock: boolean): void {
    const open = dialog.value;
    const type = isBlock ? 'blockMath' : 'inlineMath';
    if (open?.kind !== 'formula' || open.pos === null) return put({ type, attrs: { latex } });
    dialog.value = null;
    change(open.pos, type, 'latex', latex);
  }

  function savePicture(alt: string): void {
    const open = dialog.value;
    dialog.value = null;
    if (open?.kind === 'picture') change(open.pos, 'image', 'alt', alt);
  }

  function change(pos: number, type: string, name: string, value: string): void {
    const { state, view } = editor().value;
    if (state.doc.nodeAt(pos)?.type.name === type) view.dispatch(state.tr.setNodeAttribute(pos, name, value));
    editor().value.commands.focus();
  }

  function editFormula(pos: number, latex: string, isBlock: boolean): void {
    dialog.value = { kind: 'formula', pos, latex, isBlock };
  }

  return { dialog, said, upload, open, put, saveFormula, savePicture, editFormula };
}

export type Inserts = ReturnType<typeof useInserts>;
