/** The requests of resources: docs/http.md. Every failure is an ApiError. */
import { request } from '@/api/client';
import type {
  Filters,
  How,
  Kind,
  Mark,
  Metadata,
  Resource,
  Scope,
  Sheet,
  Standard,
  Step,
  View,
} from './types';

const at = encodeURIComponent;
const one = (id: string, ...tail: string[]): string => ['/api/resources', at(id), ...tail.map(at)].join('/');

export interface Listed {
  items: Resource[];
  next: number | null;
}

export const resourceApi = {
  list(view: View, filters: Filters, start = 0): Promise<Listed> {
    const query = new URLSearchParams({ view, start: String(start) });
    for (const [name, value] of Object.entries(filters)) if (value) query.set(name, value as string);
    return request<Listed>('GET', `/api/resources?${query.toString()}`);
  },
  make: (kind: Kind, title: string) => request<Resource>('POST', '/api/resources', { kind, title }),
  get: (id: string) => request<Sheet>('GET', one(id)),
  edit: (id: string, revision: number, meta: Metadata) =>
    request<Sheet>('PUT', one(id), { ...meta, revision }),
  discard: (id: string, revision: number) => request<undefined>('DELETE', one(id), { revision }),
  step: (id: string, step: Step, revision: number) => request<Sheet>('POST', one(id, step), { revision }),
  withdraw: (id: string, reason: string) => request<Sheet>('POST', one(id, 'withdraw'), { reason }),
  verdict: (id: string, step: 'return' | 'approve', standard: string, marks: Mark[], remark: string) =>
    request<Sheet>('POST', one(id, step), { standard, marks, remark }),
  addNote: (id: string, text: string, atMs: number | null) =>
    request<Sheet>('POST', one(id, 'notes'), { text, at_ms: atMs }),
  resolveNote: (id: string, note: string, isDone: boolean, answer: string) =>
    request<Sheet>('PUT', one(id, 'notes', note), { is_done: isDone, answer }),
  removeNote: (id: string, note: string) => request<Sheet>('DELETE', one(id, 'notes', note)),
  addConsent: (id: string, consent: NewConsent) => request<Sheet>('POST', one(id, 'consents'), consent),
  revokeConsent: (id: string, consent: string) => request<Sheet>('DELETE', one(id, 'consents', consent)),
  addFile: (id: string, revision: number, upload: string, classrooms: string[]) =>
    request<Sheet>('POST', one(id, 'files'), { revision, upload, classrooms }),
  removeFile: (id: string, revision: number, name: string) =>
    request<Sheet>('DELETE', one(id, 'files', name), { revision }),
  standards: () => request<{ current: string; items: Standard[] }>('GET', '/api/audit-standards'),
};

export interface NewConsent {
  subject_id: string;
  renditions: string[];
  scope: Scope;
  given_on: string;
  how: How;
  note: string;
}
