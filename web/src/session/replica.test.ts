import { readFileSync, readdirSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Event, Snapshot } from '@/generated/messages';
import { ReplicaGap, applyEvent } from './replica';

interface Vector {
  name: string;
  before: Snapshot;
  events: Event[];
  after: Snapshot;
}

const FOLDER = '../tests/vectors/room'; // written by the server's own tests
const vectors = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.json'))
  .flatMap((file) => JSON.parse(readFileSync(`${FOLDER}/${file}`, 'utf8')) as Vector[]);

describe('the replica does what the server does', () => {
  it.each(vectors)('$name', ({ before, events, after }) => {
    const untouched = structuredClone(before);
    expect(events.reduce(applyEvent, before)).toEqual(after);
    expect(before).toEqual(untouched);
  });

  it('has vectors to run', () => {
    expect(vectors.length).toBeGreaterThan(0);
  });
});

describe('the order of events', () => {
  const { before, events } = vectors.find(({ name }) => name.startsWith('lesson 0')) as Vector;
  const [first, second, third] = events as [Event, Event, Event];

  it('takes an event that is already applied for nothing', () => {
    const room = applyEvent(before, first);
    expect(applyEvent(room, first)).toBe(room);
  });

  it('refuses to skip an event, and stays as it was', () => {
    const room = applyEvent(before, first);
    expect(() => applyEvent(room, third)).toThrow(ReplicaGap);
    expect(applyEvent(room, second).seq).toBe(second.seq);
  });
});
