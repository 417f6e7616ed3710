/** What may close an improvement item, from the chain that it stands in. The server checks it again. Pure. */
import type { Chain, Improvement } from './types';

export interface Choice {
  key: string;
  title: string;
  plan_id: string;
  version: number;
  lesson_id: string;
  at: string;
}

/** Return the versions that were named after the item was made, and the lessons that began later, the newest first. */
export function evidenceFor(item: Improvement, chain: Chain): Choice[] {
  const found: Choice[] = [];
  for (const plan of chain.plans) {
    for (const version of plan.versions) {
      const isLater = plan.id !== item.plan_id || version.number > item.plan_version;
      if (!isLater || version.made_at <= item.made_at) continue;
      const { number, made_at: at } = version;
      found.push({
        key: `${plan.id}/${number}`,
        title: plan.title,
        plan_id: plan.id,
        version: number,
        lesson_id: '',
        at,
      });
    }
    for (const lesson of plan.lessons) {
      if (lesson.id === item.lesson_id || lesson.state === 'scheduled' || lesson.starts_at <= item.made_at)
        continue;
      const { id, title, starts_at: at } = lesson;
      found.push({ key: id, title, plan_id: '', version: 0, lesson_id: id, at });
    }
  }
  return found.sort((a, b) => (a.at < b.at ? 1 : -1));
}
