/**
 * What several pictures together say of each card. Pure: the time comes with the pictures.
 *
 * A card counts when two pictures in a row that show it read it alike; another answer takes its place only when three
 * in a row say so. A card that goes to and fro, or is seen twice in one picture, is asked: it keeps what it had, and a
 * person decides, or the card itself does by being held still.
 */
import type { Sighting } from './detector';

export const ALIKE = 2; // readings in a row that count
export const ALIKE_TO_CHANGE = 3;
const ALIKE_AFTER_DOUBT = 4;
/** Pictures nearer to each other than this show the same shake, the same noise and the same hand before the card. */
export const APART_MS = 100;
const KEPT = 8; // readings remembered a card
const FRESH_MS = 6000; // a reading older than this has nothing to say about the next
const TURNS_IN_DOUBT = 3; // changes from one answer to another among the remembered readings
const TWICE_MS = 1500; // how long a card stays flagged after it was last seen in two places

export type Doubt = 'changing' | 'twice';

export interface Standing {
  /** Which edge counts; null before any does. */
  turn: number | null;
  /** Whether another edge counted before this one. */
  changed: boolean;
  doubt: Doubt | null;
  /** The edges that were read lately, for whoever is to decide. */
  lately: number[];
}

interface Ballot extends Standing {
  readings: { turn: number; tMs: number }[];
  twiceAt: number;
}

export class CardVotes {
  private readonly ballots = new Map<number, Ballot>();
  private last = -Infinity;

  /** Take in what a picture showed; return the cards whose standing changed. */
  see(sightings: readonly Sighting[], tMs: number): number[] {
    if (tMs - this.last < APART_MS) return [];
    this.last = tMs;
    const seen = new Map<number, number[]>();
    for (const { state, card, turn } of sightings)
      if (state === 'read') seen.set(card, [...(seen.get(card) ?? []), turn]);
    const moved: number[] = [];
    for (const [card, turns] of seen) if (this.count(card, turns, tMs)) moved.push(card);
    for (const [card, ballot] of this.ballots)
      if (ballot.doubt === 'twice' && tMs - ballot.twiceAt > TWICE_MS && !seen.has(card)) {
        ballot.doubt = null;
        moved.push(card);
      }
    return moved;
  }

  /** Return how a card stands; null before it was seen. */
  of(card: number): Standing | null {
    return this.ballots.get(card) ?? null;
  }

  /** Return the cards that were seen. */
  cards(): number[] {
    return [...this.ballots.keys()];
  }

  private count(card: number, turns: number[], tMs: number): boolean {
    const ballot = this.ballots.get(card) ?? this.open(card);
    const before = `${ballot.turn} ${ballot.doubt}`;
    if (turns.length > 1) {
      ballot.twiceAt = tMs;
      ballot.doubt = 'twice';
      ballot.readings.length = 0; // which of the two each reading was of is not known
      ballot.lately = [...new Set(turns)].sort();
    } else if (tMs - ballot.twiceAt > TWICE_MS) {
      ballot.readings = ballot.readings.filter((one) => tMs - one.tMs <= FRESH_MS).slice(1 - KEPT);
      ballot.readings.push({ turn: turns[0] as number, tMs });
      this.decide(ballot);
    }
    return before !== `${ballot.turn} ${ballot.doubt}`;
  }

  private open(card: number): Ballot {
    const ballot: Ballot = {
      turn: null,
      changed: false,
      doubt: null,
      lately: [],
      readings: [],
      twiceAt: -Infinity,
    };
    this.ballots.set(card, ballot);
    return ballot;
  }

  private decide(ballot: Ballot): void {
    const { readings } = ballot;
    const latest = readings[readings.length - 1]?.turn ?? 0;
    let alike = 0;
    while (alike < readings.length && readings[readings.length - 1 - alike]?.turn === latest) alike += 1;
    const turns = readings.filter((one, i) => i > 0 && readings[i - 1]?.turn !== one.turn).length;
    ballot.lately = [...new Set(readings.map((one) => one.turn))].sort();
    if (ballot.doubt === 'twice') ballot.doubt = null;
    if (alike >= ALIKE_AFTER_DOUBT) ballot.doubt = null;
    else if (turns >= TURNS_IN_DOUBT) ballot.doubt = 'changing';
    if (ballot.doubt !== null) return;
    if (ballot.turn === null ? alike < ALIKE : alike < ALIKE_TO_CHANGE) return;
    ballot.changed = ballot.changed || (ballot.turn !== null && ballot.turn !== latest);
    ballot.turn = latest;
  }
}
