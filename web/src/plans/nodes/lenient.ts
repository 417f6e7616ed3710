/** Nodes of Tiptap that must accept what any writer left, and the plan's root.
 *
 *  A node that the schema refuses is not shown differently: the binding deletes it from the document, for everybody.
 *  So every node of the contract is known here, and attributes that came as text or not at all are read kindly. */
import { Node } from '@tiptap/core';
import Image from '@tiptap/extension-image';
import { TableCell, TableHeader } from '@tiptap/extension-table';
import StarterKit from '@tiptap/starter-kit';
import { whole, words } from './attributes';

export const PlanDocument = Node.create({
  name: 'doc',
  topNode: true,
  content: '(block | field)+',
});

/** Return a cell's spans as numbers: text would be added up as text. */
const span = {
  default: 1,
  parseHTML: (found: HTMLElement, name = 'colspan') => whole(found.getAttribute(name), 1, 1),
};
const spans = {
  colspan: { ...span, parseHTML: (found: HTMLElement) => whole(found.getAttribute('colspan'), 1, 1) },
  rowspan: { ...span, parseHTML: (found: HTMLElement) => whole(found.getAttribute('rowspan'), 1, 1) },
  colwidth: { default: null },
};

export const PlanCell = TableCell.extend({ addAttributes: () => spans });
export const PlanHeader = TableHeader.extend({ addAttributes: () => spans });

/** A picture of the plan: shown only when it comes from us. */
export const PlanImage = Image.extend({
  renderHTML({ node }) {
    const src = words(node.attrs.src);
    const isOurs = src.startsWith('/') && !src.startsWith('//');
    return [
      'img',
      { ...(isOurs ? { src } : {}), alt: words(node.attrs.alt), class: 'picture', loading: 'lazy' },
    ];
  },
}).configure({ allowBase64: false });

export const Basics = StarterKit.configure({
  document: false,
  heading: { levels: [2, 3, 4] },
  // The collaboration brings an undo of its own, which takes back only what one did oneself.
  undoRedo: false,
  // A line added at the end by each screen that opens the plan would be an edit by somebody who wrote nothing.
  trailingNode: false,
  link: {
    openOnClick: false,
    autolink: false,
    protocols: ['http', 'https'],
    HTMLAttributes: { target: '_blank', rel: 'noopener nofollow' },
  },
});
