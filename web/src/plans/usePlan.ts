/** What stands around the text of a plan: its cover, comments, tasks and versions, loaded and acted upon. */
import { computed, ref, shallowRef } from 'vue';
import { ApiError, humanDetail } from '@/api/client';
import { planApi, type Comment, type Plan, type Task, type Version } from './api';

export function usePlan(id: string) {
  const plan = shallowRef<Plan | null>(null);
  const comments = shallowRef<Comment[]>([]);
  const tasks = shallowRef<Task[]>([]);
  const versions = shallowRef<Version[]>([]);
  const problem = ref<string | null>(null);
  /** Whether the server was not reached at all. */
  const unreachable = ref(false);
  const busy = ref(false);
  const may = computed(() => new Set(plan.value?.rights ?? []));
  /** Told when something was done that others should see; the page passes it on. */
  const done = new Set<() => void>();

  async function attempt(work: () => Promise<unknown>): Promise<boolean> {
    busy.value = true;
    try {
      await work();
      problem.value = null;
      return true;
    } catch (error) {
      problem.value = humanDetail(error);
      unreachable.value = error instanceof ApiError && error.status === 0;
      return false;
    } finally {
      busy.value = false;
    }
  }

  /** What hindered is over. */
  const calm = (): void => void (problem.value = null);

  const load = (): Promise<boolean> => attempt(async () => void (plan.value = await planApi.get(id)));

  /** Renew what others may have changed. What cannot be loaded now stays as it was. */
  async function refresh(): Promise<void> {
    const renew = [
      planApi.get(id).then((now) => (plan.value = now)),
      planApi.comments(id).then((now) => (comments.value = now)),
      planApi.tasks(id).then((now) => (tasks.value = now)),
      planApi.versions(id).then((now) => (versions.value = now)),
    ];
    await Promise.allSettled(renew);
  }

  /** Do something, then renew everything and tell the others; return whether it was done. */
  async function act(work: () => Promise<unknown>): Promise<boolean> {
    const isDone = await attempt(work);
    if (!isDone) return false;
    await refresh();
    for (const tell of done) tell();
    return true;
  }

  return {
    id,
    plan,
    comments,
    tasks,
    versions,
    problem,
    unreachable,
    busy,
    may,
    done,
    calm,
    load,
    refresh,
    act,
  };
}

export type OpenPlan = ReturnType<typeof usePlan>;
