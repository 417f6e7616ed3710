// @vitest-environment happy-dom
import { Editor } from '@tiptap/core';
import { afterEach, describe, expect, it } from 'vitest';
import * as Y from 'yjs';
import { stepMinutes } from '../nodes/planField';
import { stepValue } from '../nodes/planStep';
import { doubtfulSteps, moveStep } from '../nodes/steps';
import { anchorOf, anchorsKey, commentsAt, findQuote, tellAnchors } from './anchors';
import { planExtensions, ROOT } from './extensions';

const ME = { id: 'lin', name: '林晓云', school: '春城实验小学' };
const open: Editor[] = [];
const told: string[] = [];

/** Return an editor on `doc`, as the page makes it. */
function edit(doc: Y.Doc): Editor {
  const parts = {
    ...{ doc, awareness: null, me: ME, lessonMinutes: () => 40, editFormula: () => undefined },
    ...{ tell: (text: string) => void told.push(text), upload: () => Promise.resolve(null) },
    ...{ naming: null, namesId: '' },
  };
  const editor = new Editor({ extensions: planExtensions(parts), injectCSS: false });
  open.push(editor);
  return editor;
}

function element(name: string, attributes: object, children: (Y.XmlElement | Y.XmlText)[]): Y.XmlElement {
  const made = new Y.XmlElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value as string);
  made.insert(0, children);
  return made;
}
const line = (text: string) => element('paragraph', {}, text ? [new Y.XmlText(text)] : []);

/** Return a plan as the server writes one; numbers of steps as text, as an older writer might have left them. */
function plan(): Y.Doc {
  const doc = new Y.Doc();
  const step = (id: string, title: string, minutes: number | string) =>
    element('planStep', { id, title, minutes, leader: 'both' }, [line(`${title}的做法`)]);
  doc
    .getXmlFragment(ROOT)
    .insert(0, [
      element('planField', { field: 'topic' }, [line('光的折射')]),
      element('planField', { field: 'goals' }, [line('说出折射现象'), line('会画光路')]),
      element('planField', { field: 'process' }, [step('a', '导入', '5'), step('b', '实验', 20)]),
      element('planField', { field: 'homework' }, []),
    ]);
  return doc;
}

/** Let both hold what either has. */
function merge(a: Y.Doc, b: Y.Doc): void {
  Y.applyUpdate(a, Y.encodeStateAsUpdate(b));
  Y.applyUpdate(b, Y.encodeStateAsUpdate(a));
}

/** Return the position before the first letter of `text`. */
function at(editor: Editor, text: string): number {
  return findQuote(editor.state.doc, text)?.from ?? -1;
}

afterEach(() => {
  for (const editor of open.splice(0)) editor.destroy();
  told.length = 0;
});

describe('opening a plan', () => {
  it('changes nothing in it, whatever stands there', () => {
    const doc = plan();
    const before = doc.getXmlFragment(ROOT).toString();
    let writes = 0;
    doc.on('update', () => (writes += 1));
    const editor = edit(doc);
    expect(writes).toBe(0);
    expect(doc.getXmlFragment(ROOT).toString()).toBe(before);
    expect(editor.state.doc.childCount).toBe(4);
  });

  it('adds up minutes, also those that came as text', () => {
    expect(stepMinutes(edit(plan()).state.doc.child(2))).toBe(25);
  });
});

describe('what two write at once', () => {
  it('is there on both sides', () => {
    const [a, b] = [plan(), new Y.Doc()];
    merge(a, b);
    const [one, other] = [edit(a), edit(b)];
    one.commands.insertContentAt(at(one, '光的折射'), '第三课 ');
    other.commands.insertContentAt(at(other, '会画光路'), '在纸上');
    merge(a, b);
    expect(one.getText()).toBe(other.getText());
    expect(one.getText()).toContain('第三课 光的折射');
    expect(one.getText()).toContain('在纸上会画光路');
  });

  it('leaves the caret of the other in the empty line where both began', () => {
    const [a, b] = [plan(), new Y.Doc()];
    const fields = [line(''), line('')].map((empty) => element('planField', { field: 'notes' }, [empty]));
    a.getXmlFragment(ROOT).insert(0, fields);
    merge(a, b);
    const [one, other] = [edit(a), edit(b)];
    one.commands.setTextSelection(2);
    other.commands.setTextSelection(2);
    one.commands.insertContent('学生');
    merge(a, b);
    other.commands.insertContent('已会');
    merge(a, b);
    expect(one.state.doc.child(0).textContent).toBe('学生已会');
    expect(one.state.doc.child(1).textContent).toBe('');
  });

  it('keeps a field whose last lines were deleted by two', () => {
    const [a, b] = [plan(), new Y.Doc()];
    merge(a, b);
    const [one, other] = [edit(a), edit(b)];
    const first = at(one, '说出折射现象') - 1;
    one.commands.deleteRange({ from: first, to: first + 8 });
    const second = at(other, '会画光路') - 1;
    other.commands.deleteRange({ from: second, to: second + 6 });
    merge(a, b);
    expect(one.state.doc.childCount).toBe(4);
    expect(one.state.doc.child(1).childCount).toBe(0);
  });
});

describe('the template', () => {
  it('keeps its fields when everything is deleted', () => {
    const editor = edit(plan());
    editor.chain().selectAll().deleteSelection().run();
    expect(editor.state.doc.childCount).toBe(4);
    expect(told).toHaveLength(1);
  });

  it('moves a step with all that it holds, and not beyond the ends', () => {
    const editor = edit(plan());
    const process = editor.state.doc.child(0).nodeSize + editor.state.doc.child(1).nodeSize + 1;
    expect(moveStep(editor, process, -1)).toBe(false);
    expect(moveStep(editor, process, 1)).toBe(true);
    const field = editor.state.doc.child(2);
    expect([field.child(0).attrs.title, field.child(1).attrs.title]).toEqual(['实验', '导入']);
    expect(field.child(1).textContent).toBe('导入的做法');
  });

  it('gives a pasted step an id of its own', () => {
    const editor = edit(plan());
    const field = editor.state.doc.child(2);
    const end = editor.state.doc.content.size - editor.state.doc.child(3).nodeSize - 1;
    editor.commands.insertContentAt(end, field.child(0).toJSON() as object);
    expect(editor.state.doc.child(2).childCount).toBe(3);
    expect(doubtfulSteps(editor.state.doc)).toEqual([]);
  });

  it('stores minutes and pages as whole numbers', () => {
    expect(stepValue('minutes', '12.7')).toBe(12);
    expect(stepValue('minutes', '9999')).toBe(180);
    expect(stepValue('minutes', '')).toBe(0);
    expect(stepValue('page', '')).toBeNull();
    expect(stepValue('page', '-3')).toBeNull();
    expect(stepValue('question', '')).toBeNull();
  });
});

describe('where a comment stands', () => {
  /** Put a comment on `quote` of an editor that two share. */
  function commented(quote: string) {
    const [a, b] = [plan(), new Y.Doc()];
    merge(a, b);
    const [one, other] = [edit(a), edit(b)];
    const from = at(one, quote);
    one.commands.setTextSelection({ from, to: from + quote.length });
    const anchor = anchorOf(one.state);
    if (!anchor) throw new Error('no anchor');
    for (const editor of [one, other]) {
      const comments = [{ id: 'c', anchor, isSuggestion: false }];
      editor.view.dispatch(tellAnchors(editor.state, { comments }));
    }
    const quoted = (editor: Editor): string | null => {
      const span = anchorsKey.getState(editor.state)?.places.get('c');
      return span ? editor.state.doc.textBetween(span.from, span.to) : null;
    };
    return { a, b, one, other, anchor, quoted };
  }

  it('follows what is written before and within it, on both screens', () => {
    const { a, b, one, other, anchor, quoted } = commented('会画光路');
    expect(anchor.quote).toBe('会画光路');
    other.commands.insertContentAt(at(other, '光的折射'), '科学：');
    other.commands.insertContentAt(at(other, '会画光路'), '并');
    other.commands.insertContentAt(at(other, '会画光路') + 2, '折射的');
    merge(a, b);
    expect(quoted(one)).toBe('会画折射的光路');
    expect(quoted(other)).toBe('会画折射的光路');
    const pos = at(one, '会画折射的光路');
    expect(commentsAt(anchorsKey.getState(one.state)?.places ?? new Map(), pos)).toEqual(['c']);
  });

  it('is found again by its quote when the line was made anew', () => {
    const { a, b, one, other, quoted } = commented('会画光路');
    other.chain().setTextSelection(at(other, '会画光路')).toggleBulletList().run();
    merge(a, b);
    expect(quoted(one)).toBe('会画光路');
  });

  it('is lost when its words are gone, and says nothing wrong', () => {
    const { a, b, one, other, quoted } = commented('会画光路');
    const from = at(other, '会画光路');
    other.commands.deleteRange({ from, to: from + 4 });
    merge(a, b);
    expect(quoted(one)).toBeNull();
    expect(quoted(other)).toBeNull();
  });

  it('does not guess between two places with the same words', () => {
    const doc = plan();
    const editor = edit(doc);
    expect(findQuote(editor.state.doc, '的做法')).toBeNull();
    expect(findQuote(editor.state.doc, '导入的做法')).not.toBeNull();
    expect(findQuote(editor.state.doc, '')).toBeNull();
  });
});
