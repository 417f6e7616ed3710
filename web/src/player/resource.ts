/** A finished recording as a player gets it: the twin of recorder/resource.py, which explains it. */
import type { EventBody, Snapshot } from '@/generated/messages';

export type RenditionName = 'lecturer' | 'low' | 'screen' | 'guest' | 'audio' | 'light';

export interface Rendition {
  readonly name: string;
  readonly path: string;
  readonly mime: string;
  readonly bytes: number;
  readonly duration_ms: number;
  readonly width: number;
  readonly height: number;
  readonly gain_db?: number;
}

export interface Chapter {
  readonly start_ms: number;
  readonly title: string;
  readonly kind?: string;
  readonly page?: number;
}

export interface PageTurn {
  readonly start_ms: number;
  readonly page: number;
}

export interface PageFile {
  readonly page: number;
  readonly title: string;
  readonly text: string;
  readonly path: string;
}

export interface AnswerKey {
  readonly question: string;
  readonly kind: string;
  readonly title: string;
  readonly options: readonly string[];
  readonly page: number;
  readonly correct: string;
  readonly start_ms?: number;
}

export interface Sprite {
  readonly path: string;
  readonly columns: number;
  readonly rows: number;
  readonly width: number;
  readonly height: number;
  readonly every_ms: number;
}

export interface Caption {
  readonly language: string;
  readonly label: string;
  readonly path: string;
}

/** The network lost this, and the sender's own browser brought it later. */
export interface Filled {
  readonly rendition: string;
  readonly what: 'sound' | 'picture';
  readonly start_ms: number;
  readonly end_ms: number;
}

export interface Resource {
  readonly recording: string;
  readonly title: string;
  readonly recorded_wall_ms: number;
  readonly duration_ms: number;
  readonly poster?: string;
  readonly renditions: readonly Rendition[];
  readonly chapters: readonly Chapter[];
  readonly pages: readonly PageTurn[];
  readonly subject?: string;
  readonly lecturer?: string;
  readonly school?: string;
  readonly gain_db?: number;
  readonly page_files?: readonly PageFile[];
  readonly events?: string;
  readonly answers?: readonly AnswerKey[];
  readonly sprite?: Sprite | null;
  readonly peaks?: string;
  readonly captions?: readonly Caption[];
  readonly filled?: readonly Filled[];
}

/** An event on the files' clock: negative before their begin. */
export interface TimedEvent {
  readonly seq: number;
  readonly t_ms: number;
  readonly body: EventBody;
}

export interface LessonEvents {
  readonly version: number;
  readonly first: Snapshot | null;
  readonly events: readonly TimedEvent[];
}

const ABSOLUTE = /^(data:|blob:|https?:|\/)/;

/** Return the address of a file of the recording; in a single file its paths are data already. */
export const addressOf = (base: string, path: string): string => (ABSOLUTE.test(path) ? path : base + path);

export const renditionNamed = (resource: Resource, name: RenditionName): Rendition | null =>
  resource.renditions.find((one) => one.name === name) ?? null;

/** Return how much of the lesson was brought later, in ms: what two brought at once counts once. */
export function filledMs(resource: Resource): number {
  const spans = [...(resource.filled ?? [])].sort((a, b) => a.start_ms - b.start_ms);
  let total = 0;
  let until = 0;
  for (const { start_ms: start, end_ms: end } of spans) {
    total += Math.max(0, end - Math.max(start, until));
    until = Math.max(until, end);
  }
  return total;
}

/** What a rendition costs: bits per second on average. */
export const bitsPerSecond = ({ bytes, duration_ms: durationMs }: Rendition): number =>
  durationMs > 0 ? (bytes * 8_000) / durationMs : 0;
