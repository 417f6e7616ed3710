/** A field of the plan's template. Its heading is drawn from `field`, so that no one can type into it. */
import { mergeAttributes, Node } from '@tiptap/core';
import type { Node as PMNode } from '@tiptap/pm/model';
import { t } from '@/i18n';
import { FIELDS, type FieldName } from '../types';
import { whole } from './attributes';
import { button, element } from './dom';
import { insertStep } from './steps';

export interface FieldOptions {
  /** Minutes that the lesson has. */
  lessonMinutes: () => number;
}

/** Return the name of a field in the language of the page. */
export function fieldTitle(field: string): string {
  return t(`plans.field.${FIELDS.includes(field as FieldName) ? field : 'notes'}`);
}

/** Return the minutes of all steps below. */
export function stepMinutes(field: PMNode): number {
  let sum = 0;
  field.forEach((child) => {
    if (child.type.name === 'planStep') sum += whole(child.attrs.minutes, 0);
  });
  return sum;
}

/** Say how the minutes of the steps stand to the lesson's length. */
export function minutesInWords(sum: number, lesson: number): string {
  if (sum === lesson) return t('plans.minutes.fit', { sum });
  const key = sum < lesson ? 'short' : 'over';
  return t(`plans.minutes.${key}`, { sum, lesson, n: Math.abs(lesson - sum) });
}

export const PlanField = Node.create<FieldOptions>({
  name: 'planField',
  group: 'field',
  // Not `+`: two people who each delete one of the last two lines at once must not delete the field.
  content: '(planStep | block)*',
  isolating: true,
  defining: true,
  addOptions() {
    return { lessonMinutes: () => 40 };
  },
  addAttributes() {
    return { field: { default: 'notes' } };
  },
  parseHTML: () => [
    { tag: 'section[data-field]', getAttrs: (found) => ({ field: found.getAttribute('data-field') }) },
  ],
  renderHTML({ node, HTMLAttributes }) {
    return [
      'section',
      mergeAttributes(HTMLAttributes, { 'data-field': String(node.attrs.field), class: 'field' }),
      0,
    ];
  },
  addNodeView() {
    return ({ node, editor, getPos }) => {
      const field = String(node.attrs.field);
      const dom = element('section', 'field', '', { 'data-field': field });
      const head = element('div', 'field__head', '', { contenteditable: 'false' });
      const sum = element('span', 'field__minutes', '', { role: 'status' });
      const contentDOM = element('div', 'field__body');
      const foot = element('div', 'field__foot', '', { contenteditable: 'false' });
      const at = (): number => getPos() ?? 0;
      const fill = button('tt-button field__fill', t('plans.field.fill'), fieldTitle(field), () => {
        editor
          .chain()
          .insertContentAt(at() + 1, { type: 'paragraph' })
          .focus(at() + 2)
          .run();
      });
      const add = button('tt-button field__add', t('plans.step.add'), t('plans.step.add'), () =>
        insertStep(editor, at()),
      );
      head.append(element('h2', 'field__title', fieldTitle(field)), sum);
      foot.append(fill, add);
      dom.append(head, contentDOM, foot);
      const draw = (now: PMNode): void => {
        const isProcess = now.attrs.field === 'process';
        const minutes = stepMinutes(now);
        const lesson = this.options.lessonMinutes();
        sum.hidden = !isProcess || minutes === 0;
        if (!sum.hidden) sum.textContent = minutesInWords(minutes, lesson);
        sum.dataset.fit = minutes === lesson ? 'fit' : minutes < lesson ? 'short' : 'over';
        fill.hidden = now.childCount > 0;
        add.hidden = !isProcess;
      };
      draw(node);
      return {
        dom,
        contentDOM,
        update(next) {
          if (next.type.name !== 'planField' || next.attrs.field !== field) return false;
          draw(next);
          return true;
        },
        stopEvent: (event) => foot.contains(event.target as globalThis.Node),
        ignoreMutation: (change) => !contentDOM.contains(change.target),
      };
    };
  },
});
