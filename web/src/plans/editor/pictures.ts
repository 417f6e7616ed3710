/** Pictures by paste, drop and choice: uploaded to the plan, and put where they belong once they are there. */
import { Extension, type Editor } from '@tiptap/core';
import { Plugin, PluginKey } from '@tiptap/pm/state';
import { find, hold } from './places';

/** What browsers of 2020 show and the server takes. */
export const PICTURE_TYPES = ['image/png', 'image/jpeg', 'image/webp'] as const;
export const PICTURES = PICTURE_TYPES.join(',');

/** Upload a picture and return its address; null: it could not be, and that was said. */
export type Upload = (file: File) => Promise<string | null>;

export const isPicture = (file: File): boolean => PICTURE_TYPES.some((type) => type === file.type);

/** A picture stands on a line of its own: behind the one where `pos` is. */
function behindLine(editor: Editor, pos: number): number {
  const at = editor.state.doc.resolve(Math.min(pos, editor.state.doc.content.size));
  return at.depth > 0 && at.parent.isTextblock ? at.after() : at.pos;
}

/** Upload pictures one by one and put each behind the line where `pos` was when it began. */
export async function addPictures(
  editor: Editor,
  upload: Upload,
  files: readonly File[],
  pos = editor.state.selection.to,
): Promise<void> {
  const place = hold(editor.state, pos);
  for (const file of files) {
    const src = await upload(file);
    if (editor.isDestroyed || src === null) continue;
    const at = behindLine(editor, find(editor.state, place) ?? editor.state.selection.to);
    const alt = file.name.replace(/\.[^.]*$/, '').slice(0, 80);
    editor.commands.insertContentAt(at, { type: 'image', attrs: { src, alt } }, { updateSelection: false });
  }
}

export const Pictures = Extension.create<{ upload: Upload }>({
  name: 'pictures',
  addOptions: () => ({ upload: () => Promise.resolve(null) }),
  addProseMirrorPlugins() {
    const { editor, options } = this;
    const handlePaste = (_: unknown, event: ClipboardEvent): boolean => {
      const files = [...(event.clipboardData?.files ?? [])];
      // Office programs add a picture of the text they copy: then the text is meant.
      if (files.length === 0 || event.clipboardData?.types.includes('text/html')) return false;
      void addPictures(editor, options.upload, files);
      return true;
    };
    const handleDrop = (view: Editor['view'], event: DragEvent): boolean => {
      const files = [...(event.dataTransfer?.files ?? [])];
      if (files.length === 0) return false;
      event.preventDefault(); // of any file: the browser would leave the plan and open it
      void addPictures(
        editor,
        options.upload,
        files,
        view.posAtCoords({ left: event.clientX, top: event.clientY })?.pos,
      );
      return true;
    };
    return [new Plugin({ key: new PluginKey('pictures'), props: { handlePaste, handleDrop } })];
  },
});
