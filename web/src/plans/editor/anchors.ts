/** Where comments stand in the text: a pair of Yjs positions, which move with the letters around them.
 *
 *  When a structural edit replaced the letters, the quote is looked for; when it is gone or stands there more than
 *  once, the comment stays in the dock as 'anchor lost'. */
import { Extension } from '@tiptap/core';
import type { Node as PMNode } from '@tiptap/pm/model';
import { Plugin, PluginKey, type EditorState, type Transaction } from '@tiptap/pm/state';
import { Decoration, DecorationSet } from '@tiptap/pm/view';
import { ySyncPluginKey } from '@tiptap/y-tiptap';
import * as Y from 'yjs';
import { find, hold, holdBefore, isBound } from './places';

/** A place in the document as it is kept with a comment. */
export interface Anchor {
  /** Relative positions as Yjs encodes them, in base64. */
  start: string;
  end: string;
  quote: string;
}

export interface Anchored {
  id: string;
  anchor: Anchor;
  isSuggestion: boolean;
}

export interface Span {
  from: number;
  to: number;
}

/** Positions by comment; a comment that is missing has lost its anchor. */
export type Places = ReadonlyMap<string, Span>;

interface AnchorState {
  comments: readonly Anchored[];
  places: Places;
  chosen: string | null;
  drawn: DecorationSet;
}

type Meta = { comments?: readonly Anchored[]; chosen?: string | null; again?: true };

export const anchorsKey = new PluginKey<AnchorState>('anchors');

const toText = (bytes: Uint8Array): string => btoa(String.fromCharCode(...bytes));
const toBytes = (text: string): Uint8Array => Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));

/** Return the selection as an anchor; null when nothing is selected or the text is not there yet. */
export function anchorOf(state: EditorState): Anchor | null {
  const { from, to, empty } = state.selection;
  const [start, end] = [holdBefore(state, from), hold(state, to)];
  if (empty || !start || !end) return null;
  const encode = (place: Y.RelativePosition): string => toText(Y.encodeRelativePosition(place));
  return { start: encode(start), end: encode(end), quote: textOf(state.doc, { from, to }) };
}

/** Return the text between two positions as it is quoted: lines apart, atoms by what they say. */
export function textOf(doc: PMNode, { from, to }: Span): string {
  return doc.textBetween(from, to, '\n', (leaf) => leaf.type.spec.toText?.(leaf) ?? '');
}

function decode(state: EditorState, text: string): number | null {
  try {
    return find(state, Y.decodeRelativePosition(toBytes(text)));
  } catch {
    return null; // not a position: as good as lost
  }
}

/** Return where `quote` stands, if it stands within one block and nowhere else. */
export function findQuote(doc: PMNode, quote: string): Span | null {
  const found: Span[] = [];
  if (quote === '') return null;
  doc.descendants((node, pos) => {
    if (!node.isTextblock || found.length > 1) return found.length < 2;
    const text = node.textBetween(0, node.content.size, undefined, '\ufffc');
    for (let at = text.indexOf(quote); at >= 0 && found.length < 2; at = text.indexOf(quote, at + 1)) {
      found.push({ from: pos + 1 + at, to: pos + 1 + at + quote.length });
    }
    return false;
  });
  return found.length === 1 ? (found[0] ?? null) : null;
}

function place(state: EditorState, anchor: Anchor): Span | null {
  const from = decode(state, anchor.start);
  const to = decode(state, anchor.end);
  return from !== null && to !== null && from < to ? { from, to } : findQuote(state.doc, anchor.quote);
}

function locate(state: EditorState, comments: readonly Anchored[]): Places {
  const places = new Map<string, Span>();
  if (!isBound(state)) return places;
  for (const { id, anchor } of comments) {
    const found = place(state, anchor);
    if (found) places.set(id, found);
  }
  return places;
}

function draw(
  doc: PMNode,
  comments: readonly Anchored[],
  places: Places,
  chosen: string | null,
): DecorationSet {
  const marks = comments.flatMap(({ id, isSuggestion }) => {
    const span = places.get(id);
    const kind = isSuggestion ? 'suggested' : 'commented';
    const attributes = { class: `${kind}${id === chosen ? ' is-chosen' : ''}`, 'data-comment': id };
    return span ? [Decoration.inline(span.from, span.to, attributes)] : [];
  });
  return DecorationSet.create(doc, marks);
}

function moved(places: Places, tr: Transaction): Places {
  const next = new Map<string, Span>();
  for (const [id, span] of places) {
    const from = tr.mapping.map(span.from, 1);
    const to = tr.mapping.map(span.to, -1);
    if (from < to) next.set(id, { from, to });
  }
  return next;
}

function step(tr: Transaction, old: AnchorState, state: EditorState): AnchorState {
  const meta = tr.getMeta(anchorsKey) as Meta | undefined;
  const fromOthers = tr.getMeta(ySyncPluginKey) !== undefined;
  if (!meta && !tr.docChanged && !fromOthers) return old;
  const comments = meta?.comments ?? old.comments;
  const chosen = meta?.chosen === undefined ? old.chosen : meta.chosen;
  // What others wrote arrives as a whole new text: only the positions of Yjs tell where things went.
  const isAnew = fromOthers || meta?.comments !== undefined || meta?.again === true;
  const places = isAnew ? locate(state, comments) : tr.docChanged ? moved(old.places, tr) : old.places;
  return { comments, chosen, places, drawn: draw(state.doc, comments, places, chosen) };
}

/** Draws where comments stand, and knows it. */
export const Anchors = Extension.create({
  name: 'anchors',
  addProseMirrorPlugins: () => [
    new Plugin<AnchorState>({
      key: anchorsKey,
      state: {
        init: () => ({ comments: [], places: new Map(), chosen: null, drawn: DecorationSet.empty }),
        apply: (tr, old, _, state) => step(tr, old, state),
      },
      props: { decorations: (state) => anchorsKey.getState(state)?.drawn },
    }),
  ],
});

/** Tell the plugin something; it takes it with the next state. */
export function tellAnchors(state: EditorState, meta: Meta): Transaction {
  return state.tr.setMeta(anchorsKey, meta).setMeta('addToHistory', false);
}

/** Return the comments at a position, the shortest first. */
export function commentsAt(places: Places, pos: number): string[] {
  return [...places]
    .filter(([, { from, to }]) => from <= pos && pos <= to)
    .sort(([, a], [, b]) => a.to - a.from - (b.to - b.from))
    .map(([id]) => id);
}
