/** The requests of local recording: docs/http.md. Every failure is an ApiError. */
import { request } from '@/api/client';
import type { Pause, Wanted } from './piece';

const at = encodeURIComponent;
/** The server makes a part of a file for up to 60 s (server/library/gaps/pieces.py), and one may be before us. */
const TAKE_MS = 150_000;

export interface Policy {
  readonly allowed: boolean;
  readonly asks: boolean;
  readonly days: number;
  readonly most_mb: number;
  readonly most_hours: number;
  readonly voice_bps: number;
  readonly picture_bps: number;
}

export interface Asked {
  /** The recording is not finished; it tells what is missing; nothing will be asked for. */
  readonly state: 'wait' | 'open' | 'none';
  readonly is_busy: boolean;
  readonly wanted: readonly Wanted[];
  readonly pauses: readonly Pause[];
  readonly peers: readonly string[];
}

export interface Brought {
  readonly upload: string;
  readonly peer: string;
  readonly source: string;
  readonly browser: string;
  readonly from_t_ms: number;
  readonly to_t_ms: number;
  readonly maps: readonly (readonly [number, number])[];
}

export interface SchoolWord {
  readonly allowed: boolean;
  readonly by: string;
}

export const localApi = {
  policy: (lesson: string, role: 'lecturer' | 'classroom', classroom: string | null) =>
    request<Policy>(
      'GET',
      `/api/lessons/${at(lesson)}/local-recording?role=${role}${classroom ? `&classroom=${at(classroom)}` : ''}`,
    ),
  asked: (lesson: string) => request<Asked>('GET', `/api/lessons/${at(lesson)}/gaps`),
  bring: (lesson: string, piece: Brought) =>
    request<undefined>('POST', `/api/lessons/${at(lesson)}/gaps`, piece, TAKE_MS),
  done: (lesson: string) => request<undefined>('POST', `/api/lessons/${at(lesson)}/gaps/done`, {}),
  school: (school: string) => request<SchoolWord>('GET', `/api/schools/${at(school)}/local-recording`),
  setSchool: (school: string, allowed: boolean) =>
    request<SchoolWord>('PUT', `/api/schools/${at(school)}/local-recording`, { allowed }),
};
