/** The requests of clips: docs/http.md. Every failure is an ApiError. */
import { request } from '@/api/client';
import type { Clip } from '@/generated/messages';

const at = encodeURIComponent;
/** The server looks into a file for up to 40 s (server/lessons/packs/clip_probe.py), and one may be before us. */
const LOOK_MS = 90_000;

interface Clips {
  items: Clip[];
}

export const clipApi = {
  of: (lesson: string) => request<Clips>('GET', `/api/lessons/${at(lesson)}/clips`),
  add: (lesson: string, upload: string, title: string) =>
    request<Clips>('POST', `/api/lessons/${at(lesson)}/clips`, { upload, title }, LOOK_MS),
  remove: (lesson: string, sha256: string) =>
    request<Clips>('DELETE', `/api/lessons/${at(lesson)}/clips/${at(sha256)}`),
};
