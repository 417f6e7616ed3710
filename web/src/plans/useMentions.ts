/** Who is named in a plan: told to them once this page is online, and told to us what waited for us. */
import { onScopeDispose, ref, shallowRef, useId, watch, type ShallowRef } from 'vue';
import type { Editor } from '@tiptap/vue-3';
import { ApiError } from '@/api/client';
import { t } from '@/i18n';
import { groupPeople, planApi, type Mention } from './api';
import { putName } from './editor/naming';
import { useNaming } from './naming/useNaming';
import type { PlanState } from './sync/PlanConnection';
import type { Author } from './types';

interface Parts {
  plan: string;
  group: string;
  me: string;
  state: PlanState;
  editor: () => ShallowRef<Editor>;
  /** Let the others ask what is new. */
  tell: () => void;
}

function inWords(found: readonly Mention[]): string {
  const lines = found.map(({ by, where, text }) =>
    t(`plans.mention.${where === 'comment' ? 'inComment' : 'inText'}`, { name: by.name, text }),
  );
  return [...new Set(lines)].join('\n');
}

export function useMentions(parts: Parts) {
  const people = shallowRef<Author[]>([]);
  /** Where we were named while we were away, in words. */
  const told = ref('');
  const untold = new Set<string>();
  const listId = useId();

  void groupPeople(parts.group).then(
    (found) => (people.value = found),
    () => undefined, // nobody is offered
  );

  const others = (): Author[] => people.value.filter((one) => one.id !== parts.me);
  const naming = useNaming(others, (one) => {
    putName(parts.editor().value, one);
    untold.add(one.id);
    void pass();
  });

  /** Tell whoever was named; without a link once it is back. */
  async function pass(): Promise<void> {
    for (const person of [...untold]) {
      if (parts.state.connection !== 'online' || parts.state.readOnly) return;
      try {
        await planApi.mention(parts.plan, person);
        parts.tell();
      } catch (error) {
        if (!(error instanceof ApiError) || error.status === 0 || error.status >= 500) return;
      }
      untold.delete(person);
    }
  }

  /** Ask whether we were named; a page in the background does not count as having looked. */
  async function look(): Promise<void> {
    if (document.visibilityState !== 'visible' || parts.state.connection !== 'online') return;
    try {
      told.value = inWords(await planApi.lookAtMentions(parts.plan)) || told.value;
    } catch {
      // It is asked again with the next news; whoever may not read drafts is named in none.
    }
  }

  const again = (): void => void look();
  document.addEventListener('visibilitychange', again);
  onScopeDispose(() => document.removeEventListener('visibilitychange', again));
  watch(
    () => parts.state.connection,
    (now) => {
      if (now === 'online') void pass().then(look);
    },
  );
  return { people, others, naming, listId, told, look };
}
