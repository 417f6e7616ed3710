/** The editor of a plan as a page uses it: made once the text is there, ended with the page. */
import { Editor } from '@tiptap/vue-3';
import { onScopeDispose, shallowRef, watch, type Ref } from 'vue';
import { t } from '@/i18n';
import { planExtensions, type EditorParts } from './extensions';

export interface EditorWishes extends EditorParts {
  /** Whether the text may be changed. */
  mayWrite: Readonly<Ref<boolean>>;
  /** Told when an input method begins and ends to compose. */
  hold: (isHeld: boolean) => void;
}

/** Whoever leaves letters under composition for so long went away: others' words are not held back for ever. */
const COMPOSING_MS = 10_000;

/** Hold what others write back while an input method composes. */
function holder(hold: (isHeld: boolean) => void) {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const set = (isHeld: boolean) => (): boolean => {
    clearTimeout(timer);
    if (isHeld) timer = setTimeout(() => hold(false), COMPOSING_MS);
    // Not within the event: the editor still reads what was composed.
    if (isHeld) hold(true);
    else timer = setTimeout(() => hold(false), 0);
    return false;
  };
  return {
    compositionstart: set(true),
    compositionupdate: set(true),
    compositionend: set(false),
    blur: set(false),
  };
}

export function usePlanEditor(wishes: EditorWishes) {
  const editor = shallowRef(
    new Editor({
      extensions: planExtensions(wishes),
      editable: wishes.mayWrite.value,
      injectCSS: false, // ours is in plan.css
      enableInputRules: true,
      editorProps: {
        handleDOMEvents: holder(wishes.hold),
        attributes: {
          class: 'plan-text',
          role: 'textbox',
          'aria-multiline': 'true',
          'aria-label': t('plans.tab'),
          lang: 'zh-CN',
        },
      },
    }),
  );
  watch(wishes.mayWrite, (may) => {
    editor.value.setEditable(may, false);
    // Heads of steps and fields draw their controls by it.
    editor.value.view.dispatch(editor.value.state.tr.setMeta('addToHistory', false));
  });
  onScopeDispose(() => editor.value.destroy());
  return editor;
}
