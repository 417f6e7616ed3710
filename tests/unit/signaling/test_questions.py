"""The quiz: asked, answered, closed, revealed, put away; nothing arrives twice, too late or from the wrong hands."""

from __future__ import annotations

import contextlib
import itertools
import random
from typing import cast

import msgspec
import pytest
from hypothesis import given, settings, strategies as st

from signaling import messages as m, questions as q
from signaling.answer_values import clean_value
from signaling.errors import Refused
from signaling.questions_rules import TALLY_S, decide_question
from signaling.replica import apply, apply_all
from signaling.room import Request, Room
from signaling.seats import ANSWERS_BURST
from signaling.views import PUBLIC, view_event, view_snapshot
from tests.unit.signaling.question_world import (
    MULTIPLE,
    NUMBER,
    PHONE,
    PHOTO,
    PICTURE,
    QUESTIONS,
    ROOM,
    SINGLE,
    TEXT,
    TRUE_FALSE,
    WALL,
    any_request,
    give,
    pupil,
    roster,
)
from tests.unit.signaling.room_world import CLASSROOMS, DECK, LECTURER, LESSON, LOCAL_TEACHER, OBSERVER, World
from tests.unit.signaling.test_replica import VECTORS, Vector


class Quizzed(World):
    """A lesson of two classrooms with rosters; the first has its wall and its local teacher here."""

    def __init__(self) -> None:
        super().__init__()
        self.lecturer, self.wall, self.teacher = (self.join(one) for one in (LECTURER, CLASSROOMS[0], LOCAL_TEACHER))
        self.other, self.observer = self.join(CLASSROOMS[1]), self.join(OBSERVER)
        for classroom in (0, 1):
            self.keep(self.room.set_roster(roster(classroom), self.now))
        self.snapshots = [self.room.state]

    def open(self, question: m.Question = SINGLE) -> None:
        self.ask(self.lecturer, m.AskQuestion(1, question))

    @property
    def asked(self) -> m.Asked:
        return self.room.state.quiz.asked[-1]

    def tally(self, classroom: str = "c0") -> tuple[tuple[int, ...], int, int] | None:
        """Return counts, answered and of."""
        found = next((one for one in self.asked.tallies if one.classroom == classroom), None)
        return None if found is None else (found.counts, found.answered, found.of)

    def refused(self, peer: m.PeerId, request: Request) -> str:
        before = self.room.state
        with pytest.raises(Refused) as refusal:
            self.ask(peer, request)
        assert self.room.state == before
        return refusal.value.code


def test_question_lives_from_asking_to_putting_away() -> None:
    world = Quizzed()
    world.open()
    assert (world.asked.question, world.asked.stage) == (SINGLE, "open")
    world.ask(world.teacher, give(SINGLE, 1, (1, "A"), (2, "C"), (3, "C")))
    world.after(TALLY_S)
    assert world.tally() == ((1, 0, 2), 3, 4)
    world.ask(world.lecturer, m.CloseQuestion(2, SINGLE.id))
    assert (world.asked.stage, world.asked.answer) == ("closed", "")
    world.ask(world.lecturer, m.RevealAnswer(3, SINGLE.id, "c"))
    assert (world.asked.stage, world.asked.answer) == ("revealed", "C")
    world.ask(world.lecturer, m.ShowResults(4, SINGLE.id, True))
    assert world.asked.on_walls
    world.ask(world.lecturer, m.PutAway(5, SINGLE.id))
    assert (world.asked.stage, world.asked.on_walls) == ("away", False)
    assert q.current(world.room.state.quiz) is None
    assert world.replayed() == world.room.state


def test_answer_is_on_no_wire_before_it_is_revealed() -> None:
    world = Quizzed()
    world.open(msgspec.structs.replace(SINGLE, prepared="prep1"))
    fields = {field.name for field in msgspec.structs.fields(m.Question)}
    assert "answer" not in fields
    assert world.asked.answer == ""


def test_asking_twice_asks_once_and_an_open_question_is_not_pushed_aside() -> None:
    world = Quizzed()
    world.open()
    assert world.ask(world.lecturer, m.AskQuestion(9, SINGLE)).events == ()
    assert world.refused(world.lecturer, m.AskQuestion(9, NUMBER)) == "question_open"
    world.ask(world.lecturer, m.CloseQuestion(2, SINGLE.id))
    world.open(NUMBER)
    assert [one.stage for one in world.room.state.quiz.asked] == ["away", "open"]
    assert world.ask(world.lecturer, m.AskQuestion(9, SINGLE)).events == ()


def test_replayed_requests_of_an_old_question_change_nothing() -> None:
    world = Quizzed()
    for question in QUESTIONS:
        world.open(question)
        world.ask(world.lecturer, m.CloseQuestion(2, question.id))
    before = world.room.state
    for question in QUESTIONS[:-1]:
        for old in (
            m.AskQuestion(1, question),
            m.CloseQuestion(1, question.id),
            m.RevealAnswer(1, question.id, "A"),
            m.ShowResults(1, question.id, True),
            m.PutAway(1, question.id),
        ):
            assert world.ask(world.lecturer, old).events == ()
    assert world.room.state == before


def test_late_duplicate_does_not_overwrite_a_correction() -> None:
    world = Quizzed()
    world.open()
    first = give(SINGLE, 1, (1, "A"), (2, "B"))
    world.ask(world.teacher, first)
    world.ask(world.wall, give(SINGLE, 1, (1, "C"), source=WALL))
    assert world.ask(world.teacher, first).events == ()
    world.ask(world.teacher, give(SINGLE, 2, (2, "")))
    assert world.ask(world.teacher, first).events == ()
    world.after(TALLY_S)
    assert world.tally() == ((0, 0, 1), 1, 4)
    assert world.room.state.quiz.sheets == (m.Sheet(SINGLE.id, ROOM, (m.Answer(pupil(1), "C"),)),)


def test_answers_that_come_after_the_close_are_kept_and_marked_late() -> None:
    world = Quizzed()
    world.open()
    world.ask(world.lecturer, m.RevealAnswer(1, SINGLE.id, "C"))
    world.open(NUMBER)
    given_late = world.ask(world.teacher, give(SINGLE, 1, (1, "C"))).events[0].body
    assert isinstance(given_late, m.AnswersGiven)
    assert given_late.late
    world.after(TALLY_S)
    old = next(one for one in world.room.state.quiz.asked if one.question.id == SINGLE.id)
    assert old.tallies == (m.Tally(ROOM, (0, 0, 1), 1, 4),)


def test_answers_to_a_question_of_long_ago_are_kept_in_the_log() -> None:
    world = Quizzed()
    for question in QUESTIONS:
        world.open(question)
        world.ask(world.lecturer, m.CloseQuestion(2, question.id))
    assert [one.id for one in world.room.state.quiz.past] == [SINGLE.id, MULTIPLE.id, TRUE_FALSE.id]
    outcome = world.ask(world.teacher, give(SINGLE, 1, (1, "C")))
    assert [type(event.body) for event in outcome.events] == [m.AnswersGiven]
    assert world.ask(world.teacher, give(SINGLE, 1, (1, "C"))).events == ()


def test_many_batches_are_counted_in_one_event() -> None:
    world = Quizzed()
    world.open()
    for number in range(1, 5):
        outcome = world.ask(world.teacher, give(SINGLE, number, (number, "A")))
        assert [type(event.body) for event in outcome.events] == [m.AnswersGiven]
    world.ask(world.lecturer, m.GiveAnswers(1, SINGLE.id, PHONE, 1, (m.Answer(pupil(1, 1), "B"),), m.ClassroomId("c1")))
    assert world.room.next_timeout() <= world.now + TALLY_S
    changed = [event.body for event in world.after(TALLY_S).events]
    tallies = (m.Tally(ROOM, (4, 0, 0), 4, 4), m.Tally(m.ClassroomId("c1"), (0, 1, 0), 1, 4))
    assert changed == [m.TallyChanged(SINGLE.id, tallies)]
    assert world.after(TALLY_S).events == ()


def test_count_is_complete_when_the_question_is_closed() -> None:
    world = Quizzed()
    world.open()
    world.ask(world.teacher, give(SINGLE, 1, (1, "A")))
    kinds = [type(event.body) for event in world.ask(world.lecturer, m.CloseQuestion(1, SINGLE.id)).events]
    assert kinds == [m.TallyChanged, m.QuestionClosed]


def test_absent_pupils_are_not_waited_for() -> None:
    world = Quizzed()
    world.open()
    world.ask(world.teacher, give(SINGLE, 1, (1, "A")))
    world.ask(world.teacher, m.SetAttendance(2, ROOM, (pupil(3), pupil(4))))
    world.after(TALLY_S)
    assert world.tally() == ((1, 0, 0), 1, 2)


def test_raised_hands_are_counted_without_names_until_names_come() -> None:
    world = Quizzed()
    world.open()
    world.ask(world.teacher, give(SINGLE, 1, (1, "A")))
    world.ask(world.teacher, m.CountHands(2, SINGLE.id, PHONE, 2, (10, 5, 20), 38))
    assert world.asked.tallies == (m.Tally(ROOM, (10, 5, 20), 35, 38, by_hands=True),)
    assert world.after(TALLY_S).events == ()
    world.ask(world.teacher, give(SINGLE, 3, (2, "C")))
    assert world.tally() == ((1, 0, 1), 2, 4)


def test_walls_show_what_was_written_once_nobody_can_copy_it() -> None:
    world = Quizzed()
    world.open(TEXT)
    world.ask(world.lecturer, m.ShowResults(1, TEXT.id, True))
    world.ask(world.teacher, give(TEXT, 1, (1, "Water"), (2, "water"), (3, "冰"), (4, "雾")))
    world.ask(world.lecturer, m.GiveAnswers(1, TEXT.id, PHONE, 1, (m.Answer(pupil(1, 1), "冰"),), m.ClassroomId("c1")))
    world.after(TALLY_S)
    assert (world.asked.on_walls, world.asked.written) == (True, ())
    world.ask(world.lecturer, m.CloseQuestion(2, TEXT.id))
    assert world.asked.written == (m.Written("Water", 2), m.Written("冰", 2), m.Written("雾", 1))
    assert world.room.viewer(world.observer) == PUBLIC
    world.ask(world.lecturer, m.ShowResults(3, TEXT.id, False))
    assert not world.asked.written
    world.ask(world.lecturer, m.ShowResults(4, TEXT.id, True))
    assert len(world.asked.written) == 3
    world.ask(world.lecturer, m.PutAway(5, TEXT.id))
    assert not world.asked.written
    assert world.replayed() == world.room.state


def test_what_was_written_is_counted_right_or_not_once_the_answer_is_told() -> None:
    world = Quizzed()
    world.open(TEXT)
    world.ask(world.teacher, give(TEXT, 1, (1, "Water"), (2, "water"), (3, "冰")))
    world.after(TALLY_S)
    assert world.tally() == ((), 3, 4)
    world.ask(world.lecturer, m.RevealAnswer(2, TEXT.id, "WATER"))
    world.after(TALLY_S)
    assert world.tally() == ((2, 1), 3, 4)
    world.ask(world.lecturer, m.RevealAnswer(3, TEXT.id, "冰"))
    world.after(TALLY_S)
    assert world.tally() == ((1, 2), 3, 4)
    world.ask(world.lecturer, m.RevealAnswer(4, TEXT.id, ""))
    world.after(TALLY_S)
    assert world.tally() == ((), 3, 4)


def test_walls_show_the_most_frequent_of_many_different_answers() -> None:
    world = Quizzed()
    world.open(NUMBER)
    values = [str(n % 9) for n in range(4)]
    world.ask(world.teacher, give(NUMBER, 1, *((n + 1, value) for n, value in enumerate(values))))
    many = tuple(q.Answer(pupil(n), str(n)) for n in range(20))
    sheet = q.Sheet(NUMBER.id, ROOM, many)
    world.room._log.state = msgspec.structs.replace(
        world.room.state, quiz=msgspec.structs.replace(world.room.state.quiz, sheets=(sheet,))
    )
    world.ask(world.lecturer, m.CloseQuestion(1, NUMBER.id))
    world.ask(world.lecturer, m.ShowResults(2, NUMBER.id, True))
    assert [one.value for one in world.asked.written] == ["0", "1", "10", "11", "12", "13"]
    assert len(world.asked.written) == q.MAX_SHOWN


def test_hands_without_options_are_one_number() -> None:
    world = Quizzed()
    world.open(TEXT)
    world.ask(world.teacher, m.CountHands(2, TEXT.id, PHONE, 1, (21,), 38))
    assert world.tally() == ((), 21, 38)
    assert world.refused(world.teacher, m.CountHands(2, TEXT.id, PHONE, 2, (1, 2), 38)) == "answer_invalid"


def test_pupil_who_left_the_class_does_not_cost_the_others_their_answers() -> None:
    world = Quizzed()
    world.open()
    world.ask(world.teacher, give(SINGLE, 1, (99, "A"), (2, "B")))
    assert world.room.state.quiz.sheets[0].answers == (m.Answer(pupil(2), "B"),)
    assert world.refused(world.teacher, give(SINGLE, 2, (99, "A"))) == "answer_invalid"


@pytest.mark.parametrize(
    ("question", "value", "kept"),
    [
        (SINGLE, " c ", "C"),
        (SINGLE, "Ｃ", "C"),
        (MULTIPLE, "CAA", "AC"),
        (TRUE_FALSE, "B", "B"),
        (NUMBER, "－0", "0"),
        (NUMBER, "007.50", "7.5"),
        (NUMBER, "−12", "-12"),
        (TEXT, "光的\n折射 ", "光的 折射"),
        (PHOTO, PICTURE, PICTURE),
        (SINGLE, "", ""),
    ],
)
def test_values_are_kept_in_one_form(question: m.Question, value: str, kept: str) -> None:
    assert clean_value(question, value) == kept


@pytest.mark.parametrize(
    ("question", "value"),
    [
        (SINGLE, "D"),
        (SINGLE, "AB"),
        (MULTIPLE, "AE"),
        (TRUE_FALSE, "C"),
        (NUMBER, "约 3"),
        (NUMBER, "1e9"),
        (NUMBER, "1" * 13),
        (PHOTO, "../../etc/passwd"),
        (TEXT, "长" * 101),
    ],
)
def test_values_that_do_not_fit_the_question_are_refused(question: m.Question, value: str) -> None:
    with pytest.raises(Refused):
        clean_value(question, value)


@pytest.mark.parametrize(
    "question",
    [
        msgspec.structs.replace(SINGLE, options=("只有一个",)),
        msgspec.structs.replace(SINGLE, options=("项",) * 7),
        msgspec.structs.replace(SINGLE, options=("长" * 81, "短")),
        msgspec.structs.replace(NUMBER, options=("1", "2")),
        msgspec.structs.replace(TEXT, title="长" * 501),
        msgspec.structs.replace(TEXT, id=m.QuestionId("short")),
        msgspec.structs.replace(TEXT, id=m.QuestionId("<script>alert")),
        msgspec.structs.replace(TEXT, page=-1),
        msgspec.structs.replace(TEXT, prepared="\x00"),
    ],
)
def test_questions_that_are_not_sound_are_refused(question: m.Question) -> None:
    world = Quizzed()
    assert world.refused(world.lecturer, m.AskQuestion(1, question)) in ("question_invalid", "text_too_long")


def test_nobody_answers_for_another_classroom() -> None:
    world = Quizzed()
    world.open()
    for peer in (world.wall, world.teacher):
        assert world.refused(peer, give(SINGLE, 1, (1, "A"), room="c1")) == "not_allowed"
    assert world.refused(world.observer, give(SINGLE, 1, (1, "A"), room="c0")) == "not_allowed"
    assert world.refused(world.lecturer, give(SINGLE, 1, (1, "A"), room="c9")) == "classroom_absent"
    assert world.refused(world.wall, m.CountHands(1, SINGLE.id, WALL, 1, (1, 2, 3), 9)) == "not_allowed"


def test_local_teacher_asks_only_while_acting() -> None:
    world = Quizzed()
    assert world.refused(world.teacher, m.AskQuestion(1, SINGLE)) == "not_allowed"
    state = msgspec.structs.replace(world.room.state, acting=world.teacher)
    actor = world.one(world.teacher)
    assert decide_question(state, actor, m.AskQuestion(1, SINGLE)) == (m.QuestionAsked(SINGLE),)


def test_floods_and_too_many_devices_are_refused() -> None:
    world = Quizzed()
    world.open()
    for number in range(q.MAX_SOURCES):
        world.ask(world.teacher, give(SINGLE, 1, (1, "A"), source=f"source-{number:02}"))
        world.now += 1.0
    assert world.refused(world.teacher, give(SINGLE, 1, (1, "A"), source="another-source")) == "answers_too_many"
    codes = [_code(world, give(SINGLE, n, (1, "A"), source="source-00")) for n in range(2, ANSWERS_BURST + 9)]
    assert codes[0] == ""
    assert codes[-1] == "answers_too_fast"
    assert world.refused(world.teacher, give(SINGLE, 0, (1, "A"))) == "answer_invalid"
    assert world.refused(world.teacher, m.GiveAnswers(1, SINGLE.id, PHONE, 1, ())) in (
        "answer_invalid",
        "answers_too_many",
    )


def _code(world: Quizzed, request: Request) -> str:
    try:
        world.ask(world.teacher, request)
    except Refused as refusal:
        return refusal.code
    return ""


def test_lesson_has_a_bounded_number_of_questions() -> None:
    world = Quizzed()
    for n in range(q.MAX_QUESTIONS):
        world.open(msgspec.structs.replace(TEXT, id=m.QuestionId(f"question-{n:03}")))
        world.ask(world.lecturer, m.PutAway(1, m.QuestionId(f"question-{n:03}")))
    assert world.refused(world.lecturer, m.AskQuestion(1, SINGLE)) == "questions_too_many"
    quiz = world.room.state.quiz
    assert (len(quiz.asked), len(quiz.past)) == (q.MAX_WHOLE, q.MAX_QUESTIONS - q.MAX_WHOLE)


def test_restored_room_counts_what_was_not_counted_before_the_crash() -> None:
    world = Quizzed()
    world.open()
    world.ask(world.teacher, give(SINGLE, 1, (1, "A")))
    room, _ = Room.restore(LESSON, DECK, world.events, opened_at=0.0, now=world.now, rng=random.Random(1))
    room.on_timeout(world.now)
    assert room.state.quiz.asked[-1].tallies == (m.Tally(ROOM, (1, 0, 0), 1, 4),)


# --- any order, any loss, any repetition

BATCHES = st.lists(
    st.tuples(st.sampled_from([PHONE, WALL]), st.integers(1, 4), st.sampled_from("ABC")), min_size=1, max_size=6
)


@settings(max_examples=40, deadline=None)
@given(BATCHES, st.randoms(use_true_random=False))
def test_lost_and_repeated_batches_lead_to_the_same_answers(
    batches: list[tuple[str, int, str]], rng: random.Random
) -> None:
    requests = []
    counters = {PHONE: 0, WALL: 0}
    for source, number, letter in batches:
        counters[source] += 1
        requests.append(give(SINGLE, counters[source], (number, letter), source=source))
    plain, rough = Quizzed(), Quizzed()
    for world in (plain, rough):
        world.open()
    for n, request in enumerate(requests):
        plain.ask(plain.teacher, request)
        rough.ask(rough.teacher, request)
        for _ in range(rng.randint(0, 2)):  # an outbox that got no answer sends again what it had
            rough.now += 10.0
            rough.ask(rough.teacher, requests[rng.randint(0, n)])
    plain.after(TALLY_S)
    rough.after(TALLY_S)
    assert rough.room.state.quiz.sheets == plain.room.state.quiz.sheets
    assert rough.asked.tallies == plain.asked.tallies


@settings(max_examples=20, deadline=None)
@given(st.lists(st.integers(0, 2**16), max_size=60))
def test_every_side_has_the_same_quiz_whenever_it_begins_to_listen(numbers: list[int]) -> None:
    world = fumbled(numbers)
    assert world.replayed() == world.room.state
    for peer in (world.lecturer, world.wall, world.teacher, world.other, world.observer):
        viewer = world.room.viewer(peer)
        present = view_snapshot(world.room.state, viewer)
        for seen in world.snapshots[::7]:
            told = [view_event(event, viewer) for event in world.events if event.seq > seen.seq]
            assert apply_all(view_snapshot(seen, viewer), told) == present


def fumbled(numbers: list[int]) -> Quizzed:
    """Return a lesson in which anybody asked and answered anything."""
    world = Quizzed()
    for number in numbers:
        rng = random.Random(f"quiz {number}")  # neighbouring numbers alone begin alike
        peer = rng.choice([world.lecturer] * 4 + [world.wall, world.teacher, world.other, world.observer])
        with contextlib.suppress(Refused):
            world.ask(peer, cast("Request", any_request(rng, world.room.state.quiz)))
        if rng.random() < 0.3:
            world.after(TALLY_S)
        world.snapshots.append(world.room.state)
    return world


def vectors() -> list[Vector]:
    """Return a fumbled quiz cut into pieces, as one who sees everything gets it, and as the public does."""
    world = fumbled(list(range(240)))
    cuts = [0, 40, 120, 240]
    pieces = []
    for peer, name in ((world.lecturer, "lecturer"), (world.teacher, "local teacher"), (world.observer, "observer")):
        viewer = world.room.viewer(peer)
        for a, b in itertools.pairwise(cuts):
            before, after = (view_snapshot(world.snapshots[n], viewer) for n in (a, b))
            events = tuple(view_event(event, viewer) for event in world.events if before.seq < event.seq <= after.seq)
            pieces.append(Vector(f"quiz {a}..{b} of the {name}", before, events, after))
    return pieces


def test_vectors_are_what_the_reducer_does() -> None:
    written = msgspec.json.decode((VECTORS / "questions.json").read_bytes(), type=list[Vector])
    for vector in written:
        assert apply_all(vector.before, vector.events) == vector.after, vector.name
    assert written == vectors(), "run: python -m tests.unit.signaling.test_questions"
    kinds = {type(event.body) for vector in written for event in vector.events}
    assert kinds > {m.QuestionAsked, m.QuestionClosed, m.AnswerRevealed, m.ResultsShown, m.QuestionPutAway}
    assert kinds > {m.TallyChanged, m.AnswersGiven, m.Withheld}
    assert any(vector.after.quiz.past for vector in written)


def test_event_of_a_question_that_is_not_there_changes_no_question() -> None:
    state = Quizzed().room.state
    for body in (m.QuestionClosed(SINGLE.id), m.TallyChanged(SINGLE.id, (m.Tally(ROOM, (1,), 1, 1),))):
        assert apply(state, m.Event(state.seq + 1, state.t_ms, body)).quiz == state.quiz


if __name__ == "__main__":
    (VECTORS / "questions.json").write_bytes(msgspec.json.format(msgspec.json.encode(vectors()), indent=1) + b"\n")
