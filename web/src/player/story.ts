/** What the log says besides ink: questions with how the class answered, chat, and when there was a screen or a guest.
 *  Pure. */
import type { Question, Tally } from '@/generated/messages';
import type { LessonEvents, Resource, TimedEvent } from './resource';

export interface Span {
  readonly from_ms: number;
  readonly to_ms: number;
}

export interface ClassQuestion extends Pick<Question, 'id' | 'kind' | 'title' | 'options' | 'page'> {
  readonly start_ms: number;
  /** Empty: there is none, or nobody said it. */
  readonly correct: string;
  /** All classrooms together. */
  readonly counts: readonly number[];
  readonly answered: number;
  readonly of: number;
}

export interface Said {
  readonly start_ms: number;
  readonly name: string;
  readonly text: string;
}

/** Return the questions of the lesson in their order; those that were asked twice stand where they were asked first. */
export function questionsOf(resource: Resource, events: readonly TimedEvent[]): ClassQuestion[] {
  const asked = new Map<string, { question: Question; start_ms: number }>();
  const tallies = new Map<string, Map<string, Tally>>();
  const said = new Map<string, string>();
  for (const { t_ms, body } of events) {
    if (body.kind === 'question_asked') {
      if (!asked.has(body.question.id))
        asked.set(body.question.id, { question: body.question, start_ms: t_ms });
    } else if (body.kind === 'tally_changed') {
      const rooms = tallies.get(body.question) ?? new Map<string, Tally>();
      for (const tally of body.tallies) rooms.set(tally.classroom, tally);
      tallies.set(body.question, rooms);
    } else if (body.kind === 'answer_revealed' && body.answer) said.set(body.question, body.answer);
  }
  for (const { start_ms = 0, correct, question: id, ...key } of resource.answers ?? []) {
    if (correct) said.set(id, correct);
    if (!asked.has(id)) asked.set(id, { question: { ...bare, ...key, id } as Question, start_ms });
  }
  return [...asked.values()]
    .map(({ question, start_ms }) => ({
      ...question,
      ...sum([...(tallies.get(question.id)?.values() ?? [])]),
      start_ms: Math.max(0, start_ms),
      correct: said.get(question.id) ?? '',
    }))
    .sort((a, b) => a.start_ms - b.start_ms);
}

const bare = { exit_ticket: false, prepared: '' };

function sum(tallies: readonly Tally[]): Pick<ClassQuestion, 'counts' | 'answered' | 'of'> {
  const columns = Math.max(0, ...tallies.map((one) => one.counts.length));
  const add = (pick: (one: Tally) => number) => tallies.reduce((all, one) => all + pick(one), 0);
  return {
    counts: Array.from({ length: columns }, (_, n) => add((one) => one.counts[n] ?? 0)),
    answered: add((one) => one.answered),
    of: add((one) => one.of),
  };
}

export const chatOf = (events: readonly TimedEvent[]): Said[] =>
  events.flatMap(({ t_ms, body }) =>
    body.kind === 'chat_added'
      ? [{ start_ms: Math.max(0, t_ms), name: body.line.name, text: body.line.text }]
      : [],
  );

/** Return when somebody's screen was shared. */
export function screenSpans({ first, events }: LessonEvents, durationMs: number): Span[] {
  const sharing = new Set<string>();
  for (const seat of first?.participants ?? [])
    if (seat.sources.some((one) => one.source === 'screen')) sharing.add(seat.peer);
  return spansOf(events, durationMs, sharing.size > 0, ({ body }) => {
    if (body.kind === 'source_published' && body.source === 'screen') sharing.add(body.peer);
    else if (body.kind === 'source_unpublished' && body.source === 'screen') sharing.delete(body.peer);
    else if (body.kind === 'participant_left') sharing.delete(body.peer);
    return sharing.size > 0;
  });
}

/** Return when a classroom was called on. */
export function guestSpans({ first, events }: LessonEvents, durationMs: number): Span[] {
  let guest = first?.called_on ?? null;
  return spansOf(events, durationMs, guest !== null, ({ body }) => {
    if (body.kind === 'called_on') guest = body.peer;
    return guest !== null;
  });
}

function spansOf(
  events: readonly TimedEvent[],
  durationMs: number,
  atFirst: boolean,
  isOn: (event: TimedEvent) => boolean,
): Span[] {
  const spans: Span[] = [];
  let from: number | null = atFirst ? 0 : null;
  const end = (at: number): void => {
    if (from !== null && at > from) spans.push({ from_ms: from, to_ms: at });
    from = null;
  };
  for (const event of events) {
    const at = Math.min(durationMs, Math.max(0, event.t_ms));
    if (!isOn(event)) end(at);
    else from ??= at;
  }
  end(durationMs);
  return spans;
}

export const isWithin = (spans: readonly Span[], ms: number): boolean =>
  spans.some((span) => span.from_ms <= ms && ms < span.to_ms);
