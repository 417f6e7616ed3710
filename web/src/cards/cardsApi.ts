/** What the server says of a classroom's cards and pupils (docs/http.md). */
import { request } from '@/api/client';
import type { Pupil } from '@/generated/messages';

export interface CardsFacts {
  pupils: number;
  cards: number;
  /** Whether names can be printed. */
  names: boolean;
  sizes: { per_page: number; marker_mm: number; read_to_m: number }[];
}

export interface ClassroomRoster {
  classroom: { id: string; name: string; school: { id: string; name: string } };
  pupils: Pupil[];
}

function path(classroom: string): string {
  return `/api/classrooms/${encodeURIComponent(classroom)}`;
}

export function cardsFacts(classroom: string): Promise<CardsFacts> {
  return request<CardsFacts>('GET', `${path(classroom)}/cards`);
}

export function classroomRoster(classroom: string): Promise<ClassroomRoster> {
  return request<ClassroomRoster>('GET', `${path(classroom)}/roster`);
}

export function cardsPdf(classroom: string, perPage: number, backs: boolean): string {
  return `${path(classroom)}/cards.pdf?per_page=${perPage}&backs=${backs ? 1 : 0}`;
}
