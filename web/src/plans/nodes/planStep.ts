/** A step of the lesson: what it is called, how long, who leads it, which page is shown, what is asked. */
import { mergeAttributes, Node, type Editor } from '@tiptap/core';
import type { Node as PMNode } from '@tiptap/pm/model';
import { t } from '@/i18n';
import { LEADERS } from '../types';
import { whole, wholeOrNull, words } from './attributes';
import { button, element } from './dom';
import { moveStep, newStepId, undoApart, uniqueSteps } from './steps';

/** Longest lesson in minutes: a double period with its break. */
const MOST_MINUTES = 180;

export interface StepOptions {
  /** Return who else writes at these positions; empty: nobody. */
  writers: (from: number, to: number) => string[];
  /** Say something that hinders. */
  tell: (text: string) => void;
}

type Attrs = Record<string, unknown>;
type Control = HTMLInputElement | HTMLSelectElement;

/** The controls of a step's head, which write its attributes. */
class StepHead {
  readonly dom = element('div', 'step__head', '', { contenteditable: 'false' });
  private readonly title: HTMLInputElement;
  private readonly minutes: HTMLInputElement;
  private readonly leader: HTMLSelectElement;
  private readonly page: HTMLInputElement;
  private readonly question: HTMLInputElement;
  private readonly buttons = element('span', 'step__buttons');

  constructor(
    private readonly editor: Editor,
    private readonly pos: () => number | undefined,
    private readonly options: StepOptions,
  ) {
    this.title = this.input('title', 'text', { maxlength: '80', placeholder: t('plans.step.title') });
    this.minutes = this.input('minutes', 'number', { min: '0', max: String(MOST_MINUTES) });
    this.page = this.input('page', 'number', { min: '1', max: '999' });
    this.question = this.input('question', 'text', {
      maxlength: '200',
      placeholder: t('plans.step.questionHint'),
    });
    this.leader = this.watch('leader', element('select', 'step__leader'));
    for (const one of LEADERS)
      this.leader.append(element('option', '', t(`plans.leader.${one}`), { value: one }));
    this.buttons.append(
      button('step__button', '↑', `${t('plans.step.up')} Alt+Shift+↑`, () => this.move(-1)),
      button('step__button', '↓', `${t('plans.step.down')} Alt+Shift+↓`, () => this.move(1)),
      button('step__button', '✕', t('plans.step.remove'), () => this.remove()),
    );
    const first = element('div', 'step__row');
    first.append(this.title, this.counted(this.minutes, 'minutes'), this.leader, this.buttons);
    const second = element('div', 'step__row step__row--more');
    second.append(this.counted(this.page, 'page'), this.question);
    this.dom.append(first, second);
    this.dom.addEventListener('keydown', (event) => {
      const by = event.altKey && event.shiftKey ? MOVES[event.key] : undefined;
      if (!by || !this.editor.isEditable) return;
      event.preventDefault();
      this.move(by);
      (event.target as HTMLElement).focus(); // moving took it out of the page for a moment
    });
  }

  draw(node: PMNode): void {
    const { attrs } = node;
    this.show(this.title, words(attrs.title));
    this.show(this.minutes, String(whole(attrs.minutes, 0)));
    this.show(this.leader, words(attrs.leader) || 'lecturer');
    this.show(this.page, String(wholeOrNull(attrs.page) ?? ''));
    this.show(this.question, words(attrs.question));
    const isOpen = this.editor.isEditable;
    for (const one of [this.title, this.minutes, this.leader, this.page, this.question])
      one.disabled = !isOpen;
    this.buttons.hidden = !isOpen;
  }

  /** What somebody else set shows at once, except where one is just writing. */
  private show(control: Control, value: string): void {
    if (control.ownerDocument.activeElement !== control && control.value !== value) control.value = value;
  }

  private input(name: string, type: string, attributes: Record<string, string>): HTMLInputElement {
    return this.watch(name, element('input', `step__${name}`, '', { type, ...attributes }));
  }

  private watch<T extends Control>(name: string, control: T): T {
    control.setAttribute('aria-label', t(`plans.step.${name}`));
    // Not while an input method composes: each letter of pinyin would be a change for everybody.
    control.addEventListener('input', (event) => {
      if (!(event as InputEvent).isComposing) this.write(name, control.value);
    });
    control.addEventListener('compositionend', () => this.write(name, control.value));
    control.addEventListener('blur', () => {
      const node = this.node();
      if (node) this.draw(node);
    });
    return control;
  }

  private counted(control: HTMLElement, name: 'minutes' | 'page'): HTMLElement {
    const label = element('label', 'step__counted');
    const before = t(`plans.step.before.${name}`);
    if (before !== '–') label.append(element('span', '', before));
    label.append(control, element('span', '', t(`plans.step.behind.${name}`)));
    return label;
  }

  private node(): PMNode | null {
    const pos = this.pos();
    return pos === undefined ? null : this.editor.state.doc.nodeAt(pos);
  }

  private write(name: string, value: string): void {
    const pos = this.pos();
    const node = this.node();
    if (pos === undefined || node?.type.name !== 'planStep' || !this.editor.isEditable) return;
    const next = stepValue(name, value);
    if (node.attrs[name] !== next)
      this.editor.view.dispatch(this.editor.state.tr.setNodeAttribute(pos, name, next));
  }

  private move(by: -1 | 1): void {
    const pos = this.pos();
    if (pos !== undefined) moveUnlessBusy(this.editor, this.options, pos, by);
  }

  private remove(): void {
    const pos = this.pos();
    const node = this.node();
    if (pos === undefined || !node) return;
    const others = this.options.writers(pos, pos + node.nodeSize);
    if (others.length > 0) return this.options.tell(t('plans.step.busy', { name: others.join('、') }));
    undoApart(this.editor.state);
    const span = { from: pos, to: pos + node.nodeSize };
    this.editor.chain().deleteRange(span).focus().run(); // in the text Ctrl+Z is at hand
  }
}

const MOVES: Readonly<Record<string, -1 | 1>> = { ArrowUp: -1, ArrowDown: 1 };

function moveUnlessBusy(editor: Editor, options: StepOptions, pos: number, by: -1 | 1): void {
  const node = editor.state.doc.nodeAt(pos);
  if (!node) return;
  // A move is a deletion and an insertion: what another types at that moment would go with the deleted one.
  const others = options.writers(pos, pos + node.nodeSize);
  if (others.length > 0) options.tell(t('plans.step.busy', { name: others.join('、') }));
  else moveStep(editor, pos, by);
}

/** Move the step that the caret is in. */
function moveHere(editor: Editor, options: StepOptions, by: -1 | 1): boolean {
  const { $from } = editor.state.selection;
  for (let depth = $from.depth; depth > 0; depth -= 1) {
    if ($from.node(depth).type.name !== 'planStep') continue;
    moveUnlessBusy(editor, options, $from.before(depth), by);
    return true;
  }
  return false;
}

/** Return what is stored for what was typed. */
export function stepValue(name: string, value: string): string | number | null {
  if (name === 'minutes') return Math.min(whole(value, 0), MOST_MINUTES);
  if (name === 'page') return wholeOrNull(value);
  return name === 'question' ? value || null : value;
}

interface StepStorage {
  /** Draw the heads of all steps. */
  heads: Set<() => void>;
  isOpen?: boolean;
}

export const PlanStep = Node.create<StepOptions, StepStorage>({
  name: 'planStep',
  content: 'block*',
  isolating: true,
  defining: true,
  addOptions() {
    return { writers: () => [], tell: () => undefined };
  },
  addAttributes() {
    const parse = (name: string) => (found: HTMLElement) => found.getAttribute(`data-${name}`);
    const plain = (name: string, otherwise: unknown) => ({
      default: otherwise,
      parseHTML: parse(name),
      renderHTML: (attrs: Attrs) => (attrs[name] === null ? {} : { [`data-${name}`]: attrs[name] }),
    });
    return {
      id: { default: null, parseHTML: () => newStepId() },
      title: plain('title', ''),
      minutes: {
        ...plain('minutes', 5),
        parseHTML: (found: HTMLElement) => whole(parse('minutes')(found), 5),
      },
      leader: plain('leader', 'lecturer'),
      page: { ...plain('page', null), parseHTML: (found: HTMLElement) => wholeOrNull(parse('page')(found)) },
      question: plain('question', null),
    };
  },
  parseHTML: () => [{ tag: 'div[data-plan-step]' }],
  renderHTML: ({ HTMLAttributes }) => ['div', mergeAttributes(HTMLAttributes, { 'data-plan-step': '' }), 0],
  addProseMirrorPlugins: () => [uniqueSteps()],
  addKeyboardShortcuts() {
    const { editor, options } = this;
    return {
      'Alt-Shift-ArrowUp': () => moveHere(editor, options, -1),
      'Alt-Shift-ArrowDown': () => moveHere(editor, options, 1),
    };
  },
  addStorage: () => ({ heads: new Set<() => void>() }),
  onTransaction() {
    // A view is drawn anew only when its node changes: that the plan may be written now is told to each.
    if (this.storage.isOpen === this.editor.isEditable) return;
    this.storage.isOpen = this.editor.isEditable;
    for (const draw of this.storage.heads) draw();
  },
  addNodeView() {
    const { heads } = this.storage;
    return ({ node, editor, getPos }) => {
      const dom = element('div', 'step', '', { 'data-step': words(node.attrs.id) });
      const contentDOM = element('div', 'step__body');
      const head = new StepHead(editor, getPos, this.options);
      dom.append(head.dom, contentDOM);
      let shown = node;
      const draw = (): void => head.draw(shown);
      heads.add(draw);
      draw();
      return {
        dom,
        contentDOM,
        update(next) {
          if (next.type.name !== 'planStep') return false;
          dom.dataset.step = words(next.attrs.id);
          shown = next;
          draw();
          return true;
        },
        destroy: () => heads.delete(draw),
        stopEvent: (event) => head.dom.contains(event.target as globalThis.Node),
        ignoreMutation: (change) => change.type !== 'selection' && !contentDOM.contains(change.target),
      };
    };
  },
});
