// Edit a lesson plan as the editor does, and print every update: one JSON line each, for `python -m bench.authorship`.
//
//   node scripts/plan-edits.mjs <seed> <structural edits> <characters>
//
// Five people write a plan; then come structural edits, which must not change a word: Enter, joining, lists, quotes,
// headings, bold over everything, rows and columns of tables that change places, blocks that move, cut and paste,
// delete and undo. ProseMirror carries each out, and the editor's own binding (y-tiptap) writes it into the Yjs
// document: there one edit is many deletions and insertions, and that is what is measured.
import { getSchema, Node } from '@tiptap/core';
import { TaskItem, TaskList } from '@tiptap/extension-list';
import { Table, TableCell, TableHeader, TableRow } from '@tiptap/extension-table';
import { joinBackward, lift, setBlockType, splitBlock, toggleMark, wrapIn } from '@tiptap/pm/commands';
import { Fragment, Slice } from '@tiptap/pm/model';
import { liftListItem, wrapInList } from '@tiptap/pm/schema-list';
import { AllSelection, EditorState, TextSelection } from '@tiptap/pm/state';
import { StarterKit } from '@tiptap/starter-kit';
import { updateYFragment } from '@tiptap/y-tiptap';
import * as Y from 'yjs';

const [seed, edits, characters] = process.argv.slice(2).map(Number);
const PEOPLE = ['anqing', 'boli', 'changdu', 'dali', 'ezhou'];
const LETTERS =
  '光的折射水面铅笔观察实验教师学生小组讨论为什么记录猜想汇报提问回答导入新授练习作业板书课件远端课堂生活现象规律探究认真合作倾听表达';

let state32 = seed >>> 0;
/** mulberry32: the same run from the same seed. */
function random() {
  state32 = (state32 + 0x6d2b79f5) >>> 0;
  let mixed = Math.imul(state32 ^ (state32 >>> 15), 1 | state32);
  mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
  return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296;
}
const below = (limit) => Math.floor(random() * limit);
const pick = (list) => list[below(list.length)];
const words = (length) => Array.from({ length }, () => LETTERS[below(LETTERS.length)]).join('');

const PlanField = Node.create({
  name: 'planField',
  group: 'block',
  content: 'block+',
  addAttributes: () => ({ field: { default: 'notes' } }),
});
const PlanStep = Node.create({
  name: 'planStep',
  group: 'block',
  content: 'block+',
  addAttributes: () => ({ id: { default: '' }, title: { default: '' }, minutes: { default: 5 } }),
});
const schema = getSchema([
  StarterKit.configure({ undoRedo: false }),
  ...[Table, TableRow, TableCell, TableHeader, TaskList, TaskItem.configure({ nested: true })],
  ...[PlanField, PlanStep],
]);

const shared = new Y.Doc();
const root = shared.getXmlFragment('plan');
const binding = { mapping: new Map(), isOMark: new Map() };
const history = new Y.UndoManager(root, { trackedOrigins: new Set(['editor']), captureTimeout: 0 });
let author = PEOPLE[0];
let kind = 'write';
shared.on('update', (update) => {
  process.stdout.write(
    `${JSON.stringify({ author, kind, update: Buffer.from(update).toString('base64') })}\n`,
  );
});

let editor = EditorState.create({ schema, doc: schema.node('doc', null, [schema.node('paragraph')]) });

/** A sum over what must survive a structural edit: all characters but white space, in any order. */
function ink(doc) {
  const text = doc.textContent.replace(/\s/g, '');
  let sum = 0;
  for (let at = 0; at < text.length; at += 1) {
    sum = (sum + Math.imul(text.charCodeAt(at) ^ 0x5bd1e995, 0x9e3779b1)) >>> 0;
  }
  return `${text.length} ${sum}`;
}

function apply(transaction) {
  editor = editor.apply(transaction);
  shared.transact(() => updateYFragment(shared, root, editor.doc, binding), 'editor');
}

/** Run a command at a selection; false when it does not apply there or would lose a word. */
function run(command, from, to = from) {
  const selection =
    from === 'all'
      ? new AllSelection(editor.doc)
      : TextSelection.between(editor.doc.resolve(from), editor.doc.resolve(to));
  const placed = editor.apply(editor.tr.setSelection(selection));
  let made = null;
  command(placed, (transaction) => {
    made = transaction;
  });
  if (!made?.docChanged || ink(made.doc) !== ink(editor.doc)) return false;
  editor = placed;
  apply(made);
  return true;
}

/** Positions of nodes that pass. */
function found(passes) {
  const places = [];
  editor.doc.descendants((node, pos, parent) => {
    if (passes(node, parent)) places.push({ node, pos });
  });
  return places;
}
const inText = () => {
  const { node, pos } = pick(found((one) => one.isTextblock && one.content.size > 0));
  return pos + 1 + below(node.content.size + 1);
};
/** A range: mostly a few lines, sometimes half the plan. */
function someText() {
  const from = inText();
  const to = random() < 0.2 ? inText() : Math.min(from + below(300), editor.doc.content.size - 1);
  return [from, to].sort((a, b) => a - b);
}
const blocks = () =>
  found((node, parent) => node.isBlock && ['doc', 'planField', 'planStep'].includes(parent.type.name));

/** Cut a range and paste it elsewhere: two transactions, as with the keyboard. */
function cutAndPaste(from, to, target) {
  const slice = editor.doc.slice(from, to);
  const cut = editor.tr.delete(from, to);
  const at = cut.mapping.map(target(cut.doc, from, to));
  const pasted = editor.apply(cut).tr.replaceRange(at, at, slice);
  if (ink(pasted.doc) !== ink(editor.doc)) return false;
  apply(cut);
  apply(editor.tr.replaceRange(at, at, slice));
  return true;
}

/** Move a whole block to before another one, in one transaction, as by dragging. */
function moveBlock() {
  const { node, pos } = pick(blocks());
  const target = pick(blocks()).pos;
  if (target >= pos && target <= pos + node.nodeSize) return false;
  const moved = editor.tr.delete(pos, pos + node.nodeSize);
  moved.insert(moved.mapping.map(target), node);
  if (ink(moved.doc) !== ink(editor.doc)) return false;
  apply(moved);
  return true;
}

/** Whether a table is a rectangle; one that a cut went through cannot have its rows moved. */
function isWhole(node) {
  let isRectangle = true;
  node.forEach((row) => {
    isRectangle &&= row.childCount === node.firstChild.childCount;
    row.forEach((one) => (isRectangle &&= one.attrs.colspan === 1 && one.attrs.rowspan === 1));
  });
  return isRectangle;
}

/** Move a row or a column of a table to another place, in one transaction. */
function table(isRow) {
  const tables = found((node) => node.type.name === 'table' && isWhole(node));
  if (tables.length === 0) return false;
  const { node, pos } = pick(tables);
  const from = below(isRow ? node.childCount : node.firstChild.childCount);
  const to = below(isRow ? node.childCount : node.firstChild.childCount);
  const moved = (parent) => {
    const children = [...parent.children];
    children.splice(to, 0, ...children.splice(from, 1));
    return parent.copy(Fragment.from(children));
  };
  const made = isRow ? moved(node) : node.copy(Fragment.from(node.children.map(moved)));
  if (made.eq(node)) return false;
  apply(editor.tr.replaceWith(pos, pos + node.nodeSize, made));
  return true;
}

/** Delete a range and take it back. */
function deleteAndUndo() {
  const [from, to] = someText();
  if (from === to) return false;
  const before = editor;
  apply(editor.tr.delete(from, Math.min(to, from + 300)));
  history.undo();
  editor = before;
  binding.mapping.clear();
  return true;
}

const { nodes, marks } = schema;
const EDITS = {
  enter: () => run(splitBlock, inText()),
  join: () => {
    const { pos } = pick(found((node) => node.type.name === 'paragraph'));
    return run(joinBackward, pos + 1);
  },
  bullets: () => run(wrapInList(pick([nodes.bulletList, nodes.orderedList, nodes.taskList])), inText()),
  unlist: () => run(liftListItem(pick([nodes.listItem, nodes.taskItem])), inText()),
  bold: () => run(toggleMark(pick([marks.bold, marks.italic, marks.strike])), ...someText()),
  boldAll: () => run(toggleMark(marks.bold), 'all'),
  heading: () => run(setBlockType(nodes.heading, { level: 1 + below(3) }), inText()),
  plain: () => run(setBlockType(nodes.paragraph), inText()),
  quote: () => run(wrapIn(nodes.blockquote), inText()),
  lift: () => run(lift, inText()),
  row: () => table(true),
  column: () => table(false),
  block: moveBlock,
  cut: () => {
    const begin = inText();
    const end = Math.min(begin + 4 + below(200), editor.doc.content.size - 1);
    return cutAndPaste(begin, end, (doc, from, to) => {
      const place = inText();
      return place > from && place < to ? from : place;
    });
  },
  cutAll: () => {
    const all = new Slice(editor.doc.content, 0, 0);
    const before = editor.doc;
    apply(editor.tr.delete(0, editor.doc.content.size));
    apply(editor.tr.replace(0, editor.doc.content.size, all));
    return ink(before) === ink(editor.doc);
  },
  undo: deleteAndUndo,
};

function write() {
  const size = () => editor.doc.textContent.length;
  const cell = (text, type = 'tableCell') =>
    schema.node(type, null, [schema.node('paragraph', null, schema.text(text))]);
  apply(
    editor.tr.replaceWith(
      0,
      editor.doc.content.size,
      ['goals', 'process', 'notes'].map((field) =>
        schema.node('planField', { field }, [schema.node('paragraph')]),
      ),
    ),
  );
  while (size() < characters) {
    author = pick(PEOPLE);
    const fields = found((node) => node.type.name === 'planField');
    const into = pick(fields);
    const place = into.pos + into.node.nodeSize - 1;
    const chance = random();
    if (chance < 0.02) {
      const rows = Array.from({ length: 6 }, (_, row) =>
        schema.node(
          'tableRow',
          null,
          Array.from({ length: 4 }, () => cell(words(1 + below(9)), row === 0 ? 'tableHeader' : 'tableCell')),
        ),
      );
      apply(editor.tr.insert(place, schema.node('table', null, rows)));
    } else if (chance < 0.05) {
      const paragraph = schema.node('paragraph', null, schema.text(words(30)));
      apply(editor.tr.insert(place, schema.node('planStep', { id: words(3) }, [paragraph])));
    } else if (chance < 0.4) {
      apply(editor.tr.insert(place, schema.node('paragraph', null, schema.text(words(20 + below(100))))));
    } else if (size() > 0) {
      apply(editor.tr.insertText(words(1 + below(40)), inText()));
    }
  }
}

write();
const done = {};
for (let count = 0, tries = 0; count < edits && tries < edits * 20; tries += 1) {
  kind = pick(Object.keys(EDITS));
  if ((kind === 'cutAll' || kind === 'boldAll') && random() > 0.1) continue;
  author = pick([...PEOPLE, 'fengjie']);
  if (EDITS[kind]()) {
    count += 1;
    done[kind] = (done[kind] ?? 0) + 1;
    process.stdout.write(`${JSON.stringify({ edit: kind })}\n`);
  }
}
process.stdout.write(`${JSON.stringify({ done, text: editor.doc.textContent.length })}\n`);
