/** Formulas in LaTeX, in a line or on a line of their own, drawn by KaTeX with MathML for screen readers. */
import { mergeAttributes, Node, type Editor, type NodeViewRenderer } from '@tiptap/core';
import type { Node as PMNode } from '@tiptap/pm/model';
import { t } from '@/i18n';
import { words } from './attributes';
import { element } from './dom';
import { drawFormula } from './katexLoader';

export interface FormulaOptions {
  /** Open the dialog for the formula at a position. */
  edit: (pos: number, latex: string, isBlock: boolean) => void;
}

const latex = {
  default: '',
  parseHTML: (found: HTMLElement) => found.getAttribute('data-latex') ?? '',
  renderHTML: (attrs: Record<string, unknown>) => ({ 'data-latex': words(attrs.latex) }),
};

function view(options: FormulaOptions, isBlock: boolean): NodeViewRenderer {
  return ({ node, editor, getPos }) => {
    const dom = element(isBlock ? 'div' : 'span', `formula formula--${isBlock ? 'block' : 'inline'}`);
    let shown = '';
    const draw = (now: PMNode): void => {
      shown = words(now.attrs.latex);
      dom.classList.toggle('formula--empty', shown === '');
      if (shown === '') dom.textContent = t('plans.formula.empty');
      else
        void drawFormula(shown, dom, isBlock).then((wrong) =>
          dom.classList.toggle('formula--wrong', wrong !== null),
        );
    };
    dom.addEventListener('click', () => {
      const pos = getPos();
      if (editor.isEditable && pos !== undefined) options.edit(pos, shown, isBlock);
    });
    draw(node);
    return {
      dom,
      update(next) {
        if (next.type !== node.type) return false;
        if (words(next.attrs.latex) !== shown) draw(next);
        return true;
      },
      ignoreMutation: () => true,
    };
  };
}

/** Open the dialog with Enter when a formula is selected by keys. */
function openByKey(this: { editor: Editor; options: FormulaOptions; name: string }) {
  return {
    Enter: () => {
      const { selection } = this.editor.state;
      const node = 'node' in selection ? (selection.node as PMNode) : null;
      if (node?.type.name !== this.name) return false;
      this.options.edit(selection.from, words(node.attrs.latex), node.isBlock);
      return true;
    },
  };
}

const noEdit = (): FormulaOptions => ({ edit: () => undefined });

export const InlineMath = Node.create<FormulaOptions>({
  name: 'inlineMath',
  group: 'inline',
  inline: true,
  atom: true,
  addOptions: noEdit,
  addAttributes: () => ({ latex }),
  parseHTML: () => [{ tag: 'span[data-type="inline-math"]' }],
  renderHTML: ({ HTMLAttributes }) => [
    'span',
    mergeAttributes(HTMLAttributes, { 'data-type': 'inline-math' }),
  ],
  renderText: ({ node }) => words(node.attrs.latex),
  addNodeView() {
    return view(this.options, false);
  },
  addKeyboardShortcuts: openByKey,
});

export const BlockMath = Node.create<FormulaOptions>({
  name: 'blockMath',
  group: 'block',
  atom: true,
  addOptions: noEdit,
  addAttributes: () => ({ latex }),
  parseHTML: () => [{ tag: 'div[data-type="block-math"]' }],
  renderHTML: ({ HTMLAttributes }) => ['div', mergeAttributes(HTMLAttributes, { 'data-type': 'block-math' })],
  renderText: ({ node }) => words(node.attrs.latex),
  addNodeView() {
    return view(this.options, true);
  },
  addKeyboardShortcuts: openByKey,
});
