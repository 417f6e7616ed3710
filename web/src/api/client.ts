/** The one door to the HTTP interface: adds the header that other sites cannot send, and turns every failure
 *  into an ApiError whose `message` can be shown to people as it is. */
import { t } from '@/i18n';
import type {
  DataCap,
  Device,
  Figure,
  Hello,
  Lesson,
  Me,
  NewLesson,
  Recording,
  RoomToken,
  School,
  SchoolKind,
} from './types';
import type { Role } from '@/generated/messages';

const TIMEOUT_MS = 15_000;
const UPLOAD_TIMEOUT_MS = 300_000; // 60 pages of 10 MB over a slow school line would be refused before that

/** An answer that is not a success. `code` is stable (docs/errors.md); `message` is for people. */
export class ApiError extends Error {
  override readonly name = 'ApiError';

  constructor(
    /** HTTP status; 0 when no answer came. */
    readonly status: number,
    readonly code: string,
    detail: string,
    /** The field of a form that was refused (`field_invalid`). */
    readonly field: string | null = null,
  ) {
    super(detail);
  }
}

interface Problem {
  code?: string;
  detail?: string;
  field?: string;
}

/** Turn any failure into words that can be shown. */
export function humanDetail(error: unknown): string {
  return error instanceof ApiError && error.message ? error.message : t('common.error.unknown');
}

function fallbackDetail(status: number): string {
  if (status === 401) return t('common.error.signIn');
  if (status === 404) return t('common.error.notFound');
  return status >= 500 ? t('common.error.server') : t('common.error.unknown');
}

async function refusal(response: Response): Promise<ApiError> {
  let problem: Problem = {};
  if ((response.headers.get('content-type') ?? '').includes('json')) {
    problem = (await response.json().catch(() => ({}))) as Problem;
  }
  return new ApiError(
    response.status,
    problem.code ?? `http_${response.status}`,
    problem.detail ?? fallbackDetail(response.status),
    problem.field ?? null,
  );
}

/** Whose page this is, as it was told last. Tabs share one cookie: another person may have logged in in one of them. */
let pageOf: string | null = null;

/** Say whose page this is: the server does nothing that it asks for in the name of somebody else. */
export function setPageOf(person: string | null): void {
  pageOf = person;
}

type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

/** Send one request and return its JSON.
 *
 * @throws ApiError and nothing else.
 */
/** `timeoutMs`: for what the server works on for longer than usual. */
export async function request<T>(
  method: Method,
  path: string,
  body?: unknown,
  timeoutMs = TIMEOUT_MS,
): Promise<T> {
  const upload = body instanceof FormData || body instanceof Blob;
  const controller = new AbortController();
  const timer = setTimeout(() => controller.abort(), upload ? UPLOAD_TIMEOUT_MS : timeoutMs);
  const headers: Record<string, string> = { 'X-Tongtang': '1', Accept: 'application/json' };
  if (pageOf !== null) headers['X-Tongtang-Person'] = pageOf;
  if (body !== undefined && !upload) headers['Content-Type'] = 'application/json';
  try {
    const response = await fetch(path, {
      method,
      headers,
      credentials: 'same-origin',
      signal: controller.signal,
      ...(body === undefined ? {} : { body: upload ? body : JSON.stringify(body) }),
    });
    if (!response.ok) throw await refusal(response);
    return (response.status === 204 ? undefined : await response.json()) as T;
  } catch (error) {
    if (error instanceof ApiError) throw error;
    if (controller.signal.aborted) throw new ApiError(0, 'timeout', t('common.error.timeout'));
    throw new ApiError(0, 'offline', t('common.error.offline'));
  } finally {
    clearTimeout(timer);
  }
}

async function items<T>(path: string): Promise<T[]> {
  return (await request<{ items: T[] }>('GET', path)).items;
}

const at = encodeURIComponent;

/** Return where the table of a lesson is downloaded. */
export const lessonFiguresAddress = (id: string): string => `/api/lessons/${at(id)}/figures.csv`;

/** Return where the table of a stretch of time is downloaded; both days (2026-11-22) are in it. */
export const figuresAddress = (from: string, to: string): string =>
  `/api/figures.csv?from=${at(from)}&to=${at(to)}`;

/** Every request of docs/http.md that the pages make. */
export const api = {
  hello: () => request<Hello>('GET', '/api/hello'),
  signIn: (username: string, password: string) => request<Me>('POST', '/api/session', { username, password }),
  signInDemo: (username: string) => request<Me>('POST', '/api/session/demo', { username }),
  signOut: () => request<undefined>('DELETE', '/api/session'),

  schools: () => items<School>('/api/schools'),
  addSchool: (school: { name: string; kind: SchoolKind; region: string }) =>
    request<School>('POST', '/api/schools', school),
  addClassroom: (schoolId: string, name: string) =>
    request<School['classrooms'][number]>('POST', `/api/schools/${at(schoolId)}/classrooms`, { name }),
  setDataCap: (schoolId: string, cap: DataCap) =>
    request<School>('PUT', `/api/schools/${at(schoolId)}/data-cap`, cap),

  addDevice: () => request<Device>('POST', '/api/devices', {}),
  device: () => request<Device>('GET', '/api/devices/me'),
  pairDevice: (code: string, classroomId: string) =>
    request<Device>('POST', '/api/devices/pair', { code, classroom_id: classroomId }),
  unpairDevice: () => request<undefined>('DELETE', '/api/devices/me'),

  lessons: () => items<Lesson>('/api/lessons'),
  figures: (id: string) => items<Figure>(`/api/lessons/${at(id)}/figures`),
  lesson: (id: string) => request<Lesson>('GET', `/api/lessons/${at(id)}`),
  addLesson: (lesson: NewLesson) => request<Lesson>('POST', '/api/lessons', lesson),
  deleteLesson: (id: string) => request<undefined>('DELETE', `/api/lessons/${at(id)}`),
  roomToken: (id: string, role: Role, classroomId: string | null = null) =>
    request<RoomToken>('POST', `/api/lessons/${at(id)}/token`, { role, classroom_id: classroomId }),
  iceServers: () => items<RTCIceServer>('/api/ice-servers'),
  whipToken: (id: string) =>
    request<{ url: string; token: string }>('POST', `/api/lessons/${at(id)}/whip-token`, {}),

  recordings: () => items<Recording>('/api/recordings'),
  recording: (id: string) => request<Recording>('GET', `/api/recordings/${at(id)}`),
};
