/** Packs and schools' libraries, over HTTP (docs/http.md). */
import { request } from '@/api/client';
import type { Report, Shape } from './forms';

export interface Shapes {
  id: string;
  version: number;
  packs: Shape[];
  single_bytes: number;
  stays: string[];
}

export interface UseTotal {
  school: string;
  class_name: string;
  times: number;
  seconds: number;
}

export interface Library {
  id: string;
  name: string;
  paired: boolean;
  seen_ms: number;
}

export interface Counted {
  added: number;
  unknown: number;
}

const at = encodeURIComponent;

export const offline = {
  shapes: (resource: string) => request<Shapes>('GET', `/api/packs/${at(resource)}`),
  uses: async (resource: string) =>
    (await request<{ items: UseTotal[] }>('GET', `/api/packs/${at(resource)}/uses`)).items,
  report: (report: Report) => request<Counted>('POST', '/api/packs/uses', report),
  libraries: async (school: string) =>
    (await request<{ items: Library[] }>('GET', `/api/libraries?school=${at(school)}`)).items,
  add: (school: string, name: string) =>
    request<Library & { code: string }>('POST', '/api/libraries', { school_id: school, name }),
  remove: (id: string) => request<null>('DELETE', `/api/libraries/${at(id)}`),
};
