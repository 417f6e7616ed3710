/** The requests of decks and uploads: docs/http.md. Every failure is an ApiError. */
import { ApiError, request } from '@/api/client';
import type { Lesson } from '@/api/types';
import { t } from '@/i18n';
import type { DeckDetail, DeckInfo, LessonDeck, ListedDeck, Takes, UploadState } from './types';

const at = encodeURIComponent;
/** Without a byte sent for so long a piece is given up: as long as the server waits for one. */
const PIECE_STALL_MS = 30_000;

export const deckApi = {
  list: (words = '') =>
    request<{ items: ListedDeck[]; takes: Takes }>('GET', `/api/decks${words ? `?q=${at(words)}` : ''}`),
  get: (id: string) => request<DeckDetail>('GET', `/api/decks/${at(id)}`),
  make: (uploads: readonly string[], title: string) =>
    request<DeckInfo>('POST', '/api/decks', { uploads, title }),
  again: (id: string) => request<DeckInfo>('POST', `/api/decks/${at(id)}/again`),
  remove: (id: string) => request<undefined>('DELETE', `/api/decks/${at(id)}`),
  originalAddress: (id: string, number: number) => `/api/decks/${at(id)}/originals/${number}`,
  ofLesson: (lesson: string) => request<LessonDeck>('GET', `/api/lessons/${at(lesson)}/deck`),
  attach: (lesson: string, deck: string) =>
    request<Lesson>('PUT', `/api/lessons/${at(lesson)}/deck`, { deck_id: deck }),
};

export const uploadApi = {
  begin: (name: string, bytes: number, purpose: string, sha256: string | null) =>
    request<UploadState>('POST', '/api/uploads', { name, bytes, purpose, ...(sha256 ? { sha256 } : {}) }),
  state: (id: string) => request<UploadState>('GET', `/api/uploads/${at(id)}`),
  drop: (id: string) => request<undefined>('DELETE', `/api/uploads/${at(id)}`),
  piece: sendPiece,
};

/** Send a piece and return how much the server has. XMLHttpRequest: browsers of 2020 tell no progress of a fetch.
 *
 * @throws ApiError and nothing else.
 */
function sendPiece(
  id: string,
  offset: number,
  piece: Blob,
  onSent: (bytes: number) => void,
  signal: AbortSignal,
): Promise<number> {
  return new Promise((resolve, reject) => {
    const xhr = new XMLHttpRequest();
    let stall = 0;
    const watch = () => {
      window.clearTimeout(stall);
      stall = window.setTimeout(() => xhr.abort(), PIECE_STALL_MS);
    };
    const stop = () => xhr.abort();
    const fail = () => reject(new ApiError(0, 'offline', t('common.error.offline')));
    xhr.open('PATCH', `/api/uploads/${at(id)}`);
    xhr.setRequestHeader('X-Tongtang', '1');
    xhr.setRequestHeader('Upload-Offset', String(offset));
    xhr.setRequestHeader('Content-Type', 'application/offset+octet-stream');
    xhr.responseType = 'json';
    xhr.upload.onprogress = (event) => {
      watch();
      onSent(event.loaded);
    };
    xhr.onload = () => {
      const body = (xhr.response ?? {}) as { received?: number; code?: string; detail?: string };
      if (xhr.status === 200 && typeof body.received === 'number') resolve(body.received);
      else reject(new ApiError(xhr.status, body.code ?? '', body.detail ?? t('common.error.server')));
    };
    xhr.onerror = xhr.onabort = fail;
    xhr.onloadend = () => {
      window.clearTimeout(stall);
      signal.removeEventListener('abort', stop);
    };
    signal.addEventListener('abort', stop);
    watch();
    xhr.send(piece);
  });
}
