/** Comments in the text as the page knows them: where they are, which one the caret is in, and the way there. */
import type { Editor } from '@tiptap/vue-3';
import { onScopeDispose, ref, shallowRef, watch, type ShallowRef } from 'vue';
import type { Comment } from '../api';
import { anchorsKey, commentsAt, tellAnchors, type Anchored, type Places } from './anchors';

/** Return the comments that are drawn: open ones with a place. */
function drawn(comments: readonly Comment[]): Anchored[] {
  return comments.flatMap(({ id, anchor, kind, resolved_ms }) =>
    anchor && resolved_ms === null ? [{ id, anchor, isSuggestion: kind === 'suggestion' }] : [],
  );
}

export function useAnchors(editor: ShallowRef<Editor>, comments: Readonly<ShallowRef<Comment[]>>) {
  const places = shallowRef<Places>(new Map());
  const chosen = ref<string | null>(null);

  function look(): void {
    const { state } = editor.value;
    places.value = anchorsKey.getState(state)?.places ?? places.value;
    const here = state.selection.empty ? commentsAt(places.value, state.selection.from) : [];
    choose(here.includes(chosen.value ?? '') ? chosen.value : (here[0] ?? null));
  }

  function choose(id: string | null): void {
    if (id === chosen.value) return;
    chosen.value = id;
    editor.value.view.dispatch(tellAnchors(editor.value.state, { chosen: id }));
  }

  /** Go to the words of a comment. */
  function jump(id: string): void {
    const span = places.value.get(id);
    if (!span) return;
    editor.value.chain().focus().setTextSelection(span.from).scrollIntoView().run();
    choose(id);
  }

  const tell = (): void => {
    if (editor.value.isDestroyed) return;
    editor.value.view.dispatch(tellAnchors(editor.value.state, { comments: drawn(comments.value) }));
  };
  watch(comments, tell, { immediate: true });
  editor.value.on('transaction', look);
  onScopeDispose(() => editor.value.off('transaction', look));
  return { places, chosen, jump, tell };
}
