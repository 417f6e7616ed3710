/** The outboxes of this page: one for each lesson and classroom, since two would number their batches alike. */
import type { ClassroomId } from '@/generated/messages';
import { Outbox } from './outbox';

const KEY = 'tongtang.answers.';
const opened = new Map<string, Outbox>();

/** Whose answers they are. */
export interface Whose {
  lesson: string;
  classroom: ClassroomId;
}

export function outboxOf(lesson: string, classroom: ClassroomId): Outbox {
  const key = `${KEY}${lesson}.${classroom}`;
  const known = opened.get(key);
  if (known) return known;
  const made = new Outbox(storage(), key, deviceId);
  opened.set(key, made);
  return made;
}

/** Whose answers were ever given on this device. */
export function outboxesKept(): readonly Whose[] {
  const keys = new Set([...opened.keys(), ...storedKeys()]);
  return [...keys].map((key) => {
    const [lesson = '', classroom = ''] = key.slice(KEY.length).split('.');
    return { lesson, classroom };
  });
}

function storedKeys(): readonly string[] {
  try {
    return Object.keys(window.localStorage).filter((key) => key.startsWith(KEY));
  } catch {
    return [];
  }
}

const deviceId = (): string =>
  [...crypto.getRandomValues(new Uint8Array(10))].map((byte) => byte.toString(16).padStart(2, '0')).join('');

/** A browser that allows no storage keeps answers on the page only. */
function storage(): Pick<Storage, 'getItem' | 'setItem'> {
  try {
    return window.localStorage;
  } catch {
    return { getItem: () => null, setItem: () => undefined };
  }
}
