/** The plan's connection as the page uses it: who is here, what is new, and nothing lost by leaving. */
import { computed, onScopeDispose, ref, shallowRef } from 'vue';
import type { Me } from '@/api/types';
import { onBeforeRouteLeave } from 'vue-router';
import { t } from '@/i18n';
import { peopleHere, type Here } from './editor/presence';
import { wouldLose } from './saveState';
import { PlanConnection } from './sync/PlanConnection';
import { ROOT } from './editor/extensions';

export function useConnection(plan: string, me: Me, onNews: () => void) {
  const connection = new PlanConnection(plan, me.id);
  const { awareness, doc, state } = connection;
  const people = shallowRef<Here[]>([]);
  /** Whether there is a text to edit: the server's, or the copy of this browser. */
  const hasText = ref(false);
  const isOpen = computed(() => state.synced || hasText.value);
  let news = '';

  /** What others did beside the text is told by a number in their awareness that changed. */
  function look(): void {
    const states = awareness.getStates() as Map<number, Record<string, unknown>>;
    people.value = peopleHere(states, me.id);
    const now = [...states]
      .map(([id, one]) => (id === awareness.clientID ? '' : `${id}:${String(one.news)}`))
      .join();
    if (now !== news && /:\d/.test(now)) onNews();
    news = now;
  }

  function tell(): void {
    awareness.setLocalStateField('news', Date.now());
  }

  function ask(event: BeforeUnloadEvent): void {
    if (wouldLose(state)) event.preventDefault();
  }

  awareness.on('change', look);
  window.addEventListener('beforeunload', ask);
  onBeforeRouteLeave(() => !wouldLose(state) || window.confirm(t('plans.save.leave')));
  onScopeDispose(() => {
    window.removeEventListener('beforeunload', ask);
    awareness.off('change', look);
    void connection.close();
  });
  void connection.start().then(() => (hasText.value = doc.getXmlFragment(ROOT).length > 0));
  look();
  return { connection, state, people, isOpen, tell };
}
