/** Which classrooms have the lesson's pack, as the lecturer sees it. */
import { computed, onScopeDispose, ref, shallowRef, watch, type ComputedRef, type Ref } from 'vue';
import { request } from '@/api/client';
import type { Named } from '@/api/types';
import type { PackProblem } from './downloads';

/** One classroom of `GET /api/lessons/{id}/packs`. */
export interface ClassroomReadiness {
  classroom: Named;
  school: Named;
  state: 'ready' | 'part' | 'none';
  percent: number;
  outdated: boolean;
  problem: PackProblem;
  seen_at: string | null;
  total_bytes: number;
}

const BUSY_MS = 10_000;
const CALM_MS = 60_000;

export function summaryOf(rooms: readonly ClassroomReadiness[]): { ready: number; all: number } {
  return { ready: rooms.filter((room) => room.state === 'ready').length, all: rooms.length };
}

/** How long ago it was, as people say it: the key of the words and the number in them. */
export function agoOf(iso: string, now: number): { key: 'now' | 'minutes' | 'hours' | 'days'; n: number } {
  const minutes = Math.max(0, Math.floor((now - Date.parse(iso)) / 60_000));
  if (minutes < 5) return { key: 'now', n: 0 }; // screens say so every four minutes
  if (minutes < 90) return { key: 'minutes', n: minutes };
  if (minutes < 48 * 60) return { key: 'hours', n: Math.round(minutes / 60) };
  return { key: 'days', n: Math.round(minutes / 1440) };
}

/** Ask for the readiness of a lesson now and again while the page is open; empty: of none. */
export function useReadiness(lesson: Ref<string>): {
  rooms: Ref<readonly ClassroomReadiness[]>;
  of: ComputedRef<ReadonlyMap<string, ClassroomReadiness>>;
} {
  const rooms = shallowRef<readonly ClassroomReadiness[]>([]);
  const asked = ref(0);
  let timer: ReturnType<typeof setTimeout> | undefined;

  async function ask(id: string): Promise<void> {
    const mine = (asked.value += 1);
    const path = `/api/lessons/${encodeURIComponent(id)}/packs`;
    try {
      const { items } = await request<{ items: ClassroomReadiness[] }>('GET', path);
      if (mine === asked.value) rooms.value = items;
    } catch {
      // The last answer stays: it says when each screen was seen.
    }
    if (mine !== asked.value) return;
    const { ready, all } = summaryOf(rooms.value);
    timer = setTimeout(() => void ask(id), ready < all ? BUSY_MS : CALM_MS);
  }

  function stop(): void {
    clearTimeout(timer);
    asked.value += 1;
  }

  watch(
    lesson,
    (id) => {
      stop();
      rooms.value = [];
      if (id) void ask(id);
    },
    { immediate: true },
  );
  onScopeDispose(stop);
  return { rooms, of: computed(() => new Map(rooms.value.map((room) => [room.classroom.id, room]))) };
}
