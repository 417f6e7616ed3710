/** Every request of docs/meetings.md that the pages make. */
import { request } from '@/api/client';
import type {
  AgendaItem,
  Evidence,
  Guest,
  Meeting,
  MeetingRow,
  MeetingsHeld,
  Minutes,
  NewMeeting,
  NewResolution,
  Resolution,
  Someone,
} from './types';

const at = encodeURIComponent;

export const meetingsApi = {
  ofPlan: (planId: string) => request<MeetingsHeld>('GET', `/api/meetings?plan_id=${at(planId)}`),
  ofGroup: (groupId: string) => request<MeetingsHeld>('GET', `/api/meetings?group_id=${at(groupId)}`),
  mine: () => request<{ meetings: MeetingRow[]; resolutions: Resolution[] }>('GET', '/api/meetings/mine'),
  call: (meeting: NewMeeting) => request<MeetingRow>('POST', '/api/meetings', meeting),
  one: (id: string) => request<Meeting>('GET', `/api/meetings/${at(id)}`),
  /** Return the meeting when it is not as `known` any more. */
  changed: (id: string, known: string) =>
    request<Meeting | undefined>('GET', `/api/meetings/${at(id)}?known=${at(known)}`),
  cancel: (id: string, reason: string) =>
    request<undefined>('DELETE', `/api/meetings/${at(id)}?reason=${at(reason)}`),
  /** Return who can be asked as a guest, outside the group or the plan's. */
  candidates: async (planId: string, groupId: string, words: string): Promise<Guest[]> => {
    const of = planId ? `plan_id=${at(planId)}` : `group_id=${at(groupId)}`;
    const path = `/api/meetings/candidates?${of}&words=${at(words)}`;
    const { items } = await request<{ items: { person: Someone; school: Someone | null }[] }>('GET', path);
    return items.map(({ person, school }) => ({ ...person, school: school?.name ?? '' }));
  },
  ask: (id: string, person: string) =>
    request<undefined>('POST', `/api/meetings/${at(id)}/guests`, { person_id: person }),
  askNoMore: (id: string, person: string) =>
    request<undefined>('DELETE', `/api/meetings/${at(id)}/guests/${at(person)}`),
  setAgenda: (id: string, items: Omit<AgendaItem, 'id'>[], revision: number) =>
    request<Meeting>('PUT', `/api/meetings/${at(id)}/agenda`, { items, revision }),
  turnTo: (id: string, item: string) => request<undefined>('POST', `/api/meetings/${at(id)}/item`, { item }),
  setMinutes: (id: string, text: string, revision: number) =>
    request<Minutes>('PUT', `/api/meetings/${at(id)}/minutes`, { text, revision }),
  resolve: (id: string, made: NewResolution) =>
    request<Resolution>('POST', `/api/meetings/${at(id)}/resolutions`, made),
  keepFile: (id: string, file: File) =>
    request<Evidence>('POST', `/api/resolutions/${at(id)}/files?name=${at(file.name)}`, file),
  close: (id: string, given: Pick<Evidence, 'kind' | 'id'> & Partial<Evidence>) =>
    request<Resolution>('POST', `/api/resolutions/${at(id)}/close`, {
      kind: given.kind,
      id: given.id,
      number: given.number ?? 0,
      title: given.title ?? '',
      bytes: given.bytes ?? 0,
    }),
  fileAddress: (id: string) => `/api/resolutions/${at(id)}/file`,
};
