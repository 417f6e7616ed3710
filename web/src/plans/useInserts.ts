/** What is put into the text through a dialog: formulas, pictures, links. */
import type { Editor } from '@tiptap/vue-3';
import { onScopeDispose, ref, shallowRef, watch, type ShallowRef } from 'vue';
import { ApiError, humanDetail } from '@/api/client';
import { t } from '@/i18n';
import { planApi } from './api';
import { addPictures, isPicture, PICTURES } from './editor/pictures';
import { find, hold } from './editor/places';
import { shrink } from './editor/shrink';
import type { PlanState } from './sync/PlanConnection';

export type Dialog =
  | { kind: 'formula'; pos: number | null; latex: string; isBlock: boolean }
  | { kind: 'picture'; pos: number; alt: string }
  | { kind: 'resource' }
  | { kind: 'page' };

/** What the server takes of one picture: a phone's photograph is smaller, and made smaller before. */
const MOST_BYTES = 8 << 20;
/** Until a lost link is looked at again: it may not be known yet that it is lost. */
const AGAIN_MS = 2_000;

export function useInserts(plan: string, state: PlanState, editor: () => ShallowRef<Editor>) {
  const left = ref(false);
  onScopeDispose(() => (left.value = true));
  const dialog = shallowRef<Dialog | null>(null);
  /** What is to be said: pictures on their way, what hinders. */
  const said = ref('');

  /** Pass once the plan is connected again, after a moment; false: the page is left. */
  async function linkIsBack(): Promise<boolean> {
    await new Promise((done) => setTimeout(done, AGAIN_MS));
    while (!left.value && state.connection !== 'online') {
      await new Promise<void>((done) => {
        const stop = watch([() => state.connection, left], () => {
          stop();
          done();
        });
      });
    }
    return !left.value;
  }

  /** Upload a picture, made smaller if it is heavy; without a link once it is back. */
  async function upload(file: File): Promise<string | null> {
    const picture = isPicture(file) ? await shrink(file) : null;
    if (!picture || picture.size > MOST_BYTES) {
      said.value = t(`plans.picture.${picture ? 'tooBig' : 'wrong'}`, { name: file.name });
      return null;
    }
    return send(picture);
  }

  async function send(picture: Blob): Promise<string | null> {
    for (;;) {
      said.value = t('plans.picture.busy');
      try {
        const { url } = await planApi.addPicture(plan, picture);
        said.value = '';
        return url;
      } catch (error) {
        const isLost = error instanceof ApiError && error.status === 0;
        said.value = isLost
          ? t('plans.picture.waiting')
          : t('plans.picture.failed', { reason: humanDetail(error) });
        if (!isLost || !(await linkIsBack())) return null;
      }
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

  /** Link a page of a deck. Its picture comes into the plan: colleagues of other schools may not see the deck. */
  async function putPage(deck: string, page: number, title: string, address: string): Promise<void> {
    dialog.value = null;
    const place = hold(editor().value.state, editor().value.state.selection.to);
    const picture = await fetch(address, { credentials: 'same-origin' })
      .then((answer) => (answer.ok ? answer.blob() : null))
      .catch(() => null);
    const src = picture ? await send(picture) : null;
    if (left.value) return;
    const { state: now } = editor().value;
    const attrs = { deck, page, title, src };
    const at = find(now, place) ?? now.selection.to;
    editor().value.chain().focus().insertContentAt(at, { type: 'pageLink', attrs }).run();
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

  return { dialog, said, upload, open, put, saveFormula, savePicture, editFormula, putPage };
}

export type Inserts = ReturnType<typeof useInserts>;
