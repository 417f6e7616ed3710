/** All that the editor is made of. */
import { Extension, type Extensions } from '@tiptap/core';
import Collaboration from '@tiptap/extension-collaboration';
import CollaborationCaret from '@tiptap/extension-collaboration-caret';
import { TaskItem, TaskList } from '@tiptap/extension-list';
import { Table, TableRow } from '@tiptap/extension-table';
import type { EditorState } from '@tiptap/pm/state';
import type { Awareness } from 'y-protocols/awareness';
import * as Y from 'yjs';
import { t } from '@/i18n';
import { BlockMath, InlineMath } from '../nodes/formulas';
import { Basics, PlanCell, PlanDocument, PlanHeader, PlanImage } from '../nodes/lenient';
import { LibraryLink, Mention, PageLink } from '../nodes/links';
import { PlanField } from '../nodes/planField';
import { PlanStep } from '../nodes/planStep';
import { keepFields } from '../nodes/steps';
import type { Naming } from '../naming/useNaming';
import type { Author } from '../types';
import { Anchors } from './anchors';
import { CaretKeeper } from './caretKeeper';
import { Hints } from './hints';
import { tableKeys } from './keys';
import { NamingKeys } from './naming';
import { Pictures } from './pictures';
import { find } from './places';
import { caret, selection, writersWithin } from './presence';
import { colourOf } from './colours';

/** The name of the plan's root in the shared document. */
export const ROOT = 'plan';

export interface EditorParts {
  doc: Y.Doc;
  /** Null: nobody else is shown (an old version). */
  awareness: Awareness | null;
  me: Author;
  lessonMinutes: () => number;
  tell: (text: string) => void;
  editFormula: (pos: number, latex: string, isBlock: boolean) => void;
  /** Upload a picture; null: it could not be, and was said. */
  upload: (file: File) => Promise<string | null>;
  /** Offers people behind an '@'; null: nobody. */
  naming: Naming | null;
  /** The id of the list of their names. */
  namesId: string;
}

interface Cursor {
  head?: unknown;
}

/** Return who else has the caret within two positions. */
function writersOf(parts: EditorParts, state: () => EditorState) {
  return (from: number, to: number): string[] => {
    const { awareness, me } = parts;
    if (!awareness) return [];
    return writersWithin(awareness, me.id, (clientId) => {
      const cursor = (awareness.getStates().get(clientId) as { cursor?: Cursor } | undefined)?.cursor;
      const pos = cursor?.head ? find(state(), Y.createRelativePositionFromJSON(cursor.head)) : null;
      return pos !== null && pos > from && pos < to;
    });
  };
}

/** The binding, and the carets of others where there are others. */
function shared(parts: EditorParts): Extensions {
  const { awareness, doc, me } = parts;
  const binding = [Collaboration.configure({ document: doc, field: ROOT }), CaretKeeper.configure({ doc })];
  if (!awareness) return binding;
  const carets = CollaborationCaret.configure({
    provider: { awareness },
    user: { ...me, color: colourOf(me.id) },
    render: caret,
    selectionRender: selection,
  });
  return [...binding, carets];
}

export function planExtensions(parts: EditorParts): Extensions {
  const guard = Extension.create({
    name: 'planGuard',
    addProseMirrorPlugins: () => [keepFields(() => parts.tell(t('plans.field.kept')))],
  });
  const step = PlanStep.extend({
    addOptions() {
      return { tell: parts.tell, writers: () => [] };
    },
    onBeforeCreate() {
      this.options.writers = writersOf(parts, () => this.editor.state);
    },
  });
  return [
    ...[PlanDocument, Basics, step, PlanField.configure({ lessonMinutes: parts.lessonMinutes })],
    ...[Table.configure({ resizable: false }), TableRow, PlanCell, PlanHeader, tableKeys],
    ...[
      TaskList,
      TaskItem.configure({
        nested: true,
        a11y: { checkboxLabel: (node) => t('plans.check', { text: node.firstChild?.textContent ?? '' }) },
      }),
      PlanImage,
      Pictures.configure({ upload: parts.upload }),
    ],
    InlineMath.configure({ edit: parts.editFormula }),
    BlockMath.configure({ edit: parts.editFormula }),
    ...[LibraryLink, PageLink, Mention, Anchors, guard],
    Hints,
    NamingKeys.configure({ naming: parts.naming, listId: parts.namesId }),
    ...shared(parts),
  ];
}
