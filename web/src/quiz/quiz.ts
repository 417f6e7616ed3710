/** The questions of a lesson after one more event: the twin of signaling/questions.py; both run the vectors of
 *  tests/vectors/room. */
import { MAX_PAST_TITLE, MAX_QUESTIONS, MAX_WHOLE } from '@/generated/messages';
import type {
  AnswerRevealed,
  Answer,
  AnswersGiven,
  Asked,
  PastQuestion,
  QuestionAsked,
  QuestionClosed,
  QuestionId,
  QuestionPutAway,
  Quiz,
  ResultsShown,
  Sheet,
  Tally,
  TallyChanged,
} from '@/generated/messages';

export type QuestionEvent =
  | QuestionAsked
  | QuestionClosed
  | AnswerRevealed
  | ResultsShown
  | QuestionPutAway
  | TallyChanged
  | AnswersGiven;

/** Ids are ASCII: the same order on both sides. */
const byText = (a: string, b: string): number => (a === b ? 0 : a < b ? -1 : 1);

export function stepQuiz(quiz: Quiz, body: QuestionEvent, tMs: number): Quiz {
  switch (body.kind) {
    case 'question_asked':
      return shorten({ ...quiz, asked: [...quiz.asked.map(putAway), fresh(body, tMs)] });
    case 'question_closed':
      return change(quiz, body.question, (one) => ({ ...one, stage: 'closed' }));
    case 'answer_revealed':
      return change(quiz, body.question, (one) => ({ ...one, stage: 'revealed', answer: body.answer }));
    case 'results_shown':
      return change(quiz, body.question, (one) => ({
        ...one,
        on_walls: body.on_walls,
        photo: body.photo,
        written: body.written,
      }));
    case 'question_put_away':
      return change(quiz, body.question, putAway);
    case 'tally_changed':
      return change(quiz, body.question, (one) => ({ ...one, tallies: merged(one.tallies, body.tallies) }));
    case 'answers_given':
      return give(quiz, body);
  }
}

/** The question that is on the screens. */
export function currentQuestion(quiz: Quiz): Asked | null {
  const last = quiz.asked[quiz.asked.length - 1];
  return last && last.stage !== 'away' ? last : null;
}

function fresh({ question }: QuestionAsked, tMs: number): Asked {
  const shown = { on_walls: false, photo: '', written: [] };
  return { question, stage: 'open', asked_t_ms: tMs, tallies: [], answer: '', ...shown };
}

function change(quiz: Quiz, question: QuestionId, next: (one: Asked) => Asked): Quiz {
  return { ...quiz, asked: quiz.asked.map((one) => (one.question.id === question ? next(one) : one)) };
}

function putAway(one: Asked): Asked {
  return { ...one, stage: 'away', on_walls: false, photo: '', written: [] };
}

function merged(before: readonly Tally[], changed: readonly Tally[]): readonly Tally[] {
  const tallies = new Map([...before, ...changed].map((one) => [one.classroom, one]));
  return [...tallies.values()].sort((a, b) => byText(a.classroom, b.classroom));
}

function shorten(quiz: Quiz): Quiz {
  const over = quiz.asked.slice(0, Math.max(0, quiz.asked.length - MAX_WHOLE));
  if (over.length === 0) return quiz;
  const asked = quiz.asked.slice(over.length);
  const kept = new Set(asked.map((one) => one.question.id));
  return {
    ...quiz,
    asked,
    past: [...quiz.past, ...over.map(inShort)].slice(-MAX_QUESTIONS),
    sheets: quiz.sheets.filter((sheet) => kept.has(sheet.question)),
  };
}

function inShort({ question, tallies, answer }: Asked): PastQuestion {
  const columns = Math.max(0, ...tallies.map((tally) => tally.counts.length));
  const sum = (of: (tally: Tally) => number) => tallies.reduce((all, tally) => all + of(tally), 0);
  return {
    id: question.id,
    kind: question.kind,
    title: [...question.title].slice(0, MAX_PAST_TITLE).join(''),
    page: question.page,
    exit_ticket: question.exit_ticket,
    prepared: question.prepared,
    answer,
    counts: Array.from({ length: columns }, (_, n) => sum((tally) => tally.counts[n] ?? 0)),
    answered: sum((tally) => tally.answered),
    of: sum((tally) => tally.of),
  };
}

function give(quiz: Quiz, body: AnswersGiven): Quiz {
  const { question, classroom, source, revision } = body;
  const others = quiz.sources.filter((one) => one.classroom !== classroom || one.source !== source);
  const sources = [...others, { classroom, source, revision }].sort(
    (a, b) => byText(a.classroom, b.classroom) || byText(a.source, b.source),
  );
  if (body.answers.length === 0 || !quiz.asked.some((one) => one.question.id === question)) {
    return { ...quiz, sources };
  }
  const isMine = (sheet: Sheet) => sheet.question === question && sheet.classroom === classroom;
  const before: readonly Answer[] = quiz.sheets.find(isMine)?.answers ?? [];
  const values = new Map([...before, ...body.answers].map((one) => [one.pupil, one.value]));
  const answers = [...values]
    .filter(([, value]) => value !== '')
    .map(([pupil, value]) => ({ pupil, value }))
    .sort((a, b) => byText(a.pupil, b.pupil));
  const sheets = [...quiz.sheets.filter((sheet) => !isMine(sheet)), { question, classroom, answers }].sort(
    (a, b) => byText(a.question, b.question) || byText(a.classroom, b.classroom),
  );
  return { ...quiz, sources, sheets };
}
