/** Where pupils sit: rows from the front, columns from the left as the teacher looks. Whoever has no seat comes after. */
import type { CalledPupil, ClassroomId, Pupil, PupilId, Roster } from '@/generated/messages';

export interface SeatRow {
  row: number;
  /** One for each column; null: nobody sits there. */
  seats: readonly (Pupil | null)[];
}

export interface SeatPlan {
  rows: readonly SeatRow[];
  /** Pupils without a seat, or on one that is taken twice. */
  rest: readonly Pupil[];
  columns: number;
}

export function seatPlan(roster: Roster): SeatPlan {
  const seated = new Map<string, Pupil>();
  const rest: Pupil[] = [];
  for (const pupil of roster.pupils) {
    const place = `${pupil.row}/${pupil.column}`;
    if (pupil.row > 0 && pupil.column > 0 && !seated.has(place)) seated.set(place, pupil);
    else rest.push(pupil);
  }
  const pupils = [...seated.values()];
  const columns = Math.max(0, ...pupils.map((pupil) => pupil.column));
  const last = Math.max(0, ...pupils.map((pupil) => pupil.row));
  const rows = Array.from({ length: last }, (_, index) => ({
    row: index + 1,
    seats: Array.from({ length: columns }, (_, at) => seated.get(`${index + 1}/${at + 1}`) ?? null),
  }));
  return { rows, rest, columns };
}

/** How often each pupil was called on, in this lesson and before. */
export function timesCalled(roster: Roster, called: readonly CalledPupil[]): ReadonlyMap<PupilId, number> {
  const times = new Map(roster.pupils.map((pupil) => [pupil.id, pupil.called]));
  for (const one of called) {
    if (one.classroom === roster.classroom) times.set(one.pupil, (times.get(one.pupil) ?? 0) + 1);
  }
  return times;
}

export function absentOf(
  absences: readonly { classroom: ClassroomId; absent: readonly PupilId[] }[],
  classroom: ClassroomId,
): readonly PupilId[] {
  return absences.find((one) => one.classroom === classroom)?.absent ?? [];
}
