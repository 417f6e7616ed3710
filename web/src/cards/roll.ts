/** Who answered what: what the camera read, what a hand set, and what the lesson has already. Pure. */
import { LETTERS, type Letter } from './codes';
import type { Doubt, Standing } from './votes';

/** A pupil as the scanner needs one; `signaling` Pupil has all of it. `card` is -1 for one without a card. */
export interface CardPupil {
  readonly id: string;
  readonly name: string;
  readonly card: number;
  readonly number: number;
}

/** An answer to hand over; an empty one takes the former back. */
export interface Change {
  pupil: string;
  choice: Letter | '';
}

export type Given = Readonly<Record<string, Letter>>;
/** What a person set, '' for 'did not answer'. It stands above what the camera reads. */
export type ByHand = ReadonlyMap<string, Letter | ''>;

export interface Row {
  pupil: CardPupil;
  choice: Letter | '';
  by: 'camera' | 'hand' | 'given' | null;
  changed: boolean;
  /** Why a person should look; `choice`: the edge that is up is no option of this question. */
  doubt: Doubt | 'choice' | null;
  /** The letters in doubt. */
  between: Letter[];
}

export interface Sources {
  standing: (card: number) => Standing | null;
  byHand: ByHand;
  given: Given;
  /** Options of the question: 2..4. */
  choices: number;
}

/** Return one row a pupil, in order of their numbers. */
export function rollOf(pupils: readonly CardPupil[], sources: Sources): Row[] {
  return [...pupils].sort((a, b) => a.number - b.number).map((pupil) => rowOf(pupil, sources));
}

function rowOf(pupil: CardPupil, { standing, byHand, given, choices }: Sources): Row {
  const row: Row = { pupil, choice: '', by: null, changed: false, doubt: null, between: [] };
  const former = given[pupil.id];
  if (former) Object.assign(row, { choice: former, by: 'given' });
  const read = pupil.card >= 0 ? standing(pupil.card) : null;
  if (read) {
    const isOption = read.turn !== null && read.turn < choices;
    if (isOption)
      Object.assign(row, { choice: LETTERS[read.turn ?? 0], by: 'camera', changed: read.changed });
    row.doubt = read.doubt ?? (read.turn !== null && !isOption ? 'choice' : null);
    row.between = read.lately.flatMap((turn) => LETTERS[turn] ?? []);
  }
  const set = byHand.get(pupil.id);
  if (set !== undefined) Object.assign(row, { choice: set, by: 'hand', changed: false, doubt: null });
  return row;
}

/** Return what the lesson does not have yet. A row in doubt waits for a person. */
export function changesOf(rows: readonly Row[], known: ReadonlyMap<string, Letter | ''>): Change[] {
  return rows
    .filter((row) => row.doubt === null && row.by !== null && row.choice !== (known.get(row.pupil.id) ?? ''))
    .map((row) => ({ pupil: row.pupil.id, choice: row.choice }));
}

/** Return the cards that were read and are nobody's here. */
export function strangers(cards: readonly number[], pupils: readonly CardPupil[]): number[] {
  const own = new Set(pupils.map((pupil) => pupil.card));
  return cards.filter((card) => !own.has(card)).sort((a, b) => a - b);
}
