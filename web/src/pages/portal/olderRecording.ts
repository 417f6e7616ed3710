/** A recording that was finished before its folder described itself: what the server knows of it, as a player reads it. */
import type { Recording } from '@/api/types';
import type { Resource } from '@/player/resource';

export function resourceOf(recording: Recording): Resource {
  const pages = [...new Set(recording.pages.map((turn) => turn.page))];
  return {
    recording: recording.id,
    title: recording.title,
    subject: recording.subject,
    lecturer: recording.lecturer.name,
    school: recording.school.name,
    recorded_wall_ms: new Date(recording.recorded_at).getTime(),
    duration_ms: recording.duration_ms,
    poster: recording.poster_url ?? '',
    renditions: recording.renditions.map(({ url, ...one }) => ({ ...one, path: url })),
    chapters: recording.chapters,
    pages: recording.pages,
    page_files: pages.map((page) => ({
      page,
      title: '',
      text: '',
      path: recording.page_url.replace('{page}', String(page)),
    })),
  };
}
