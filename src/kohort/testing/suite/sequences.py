"""One event after another: tables that a marketer could read, and a law over dense histories on a coarse grid."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import DAY, HOUR, Moment
from kohort.engines.reference import Event, Person
from kohort.rules.catalog import Catalog
from kohort.rules.literals import Duration, Last
from kohort.rules.nodes import Rule, Sequence, Step
from kohort.rules.read import read_rule
from kohort.testing.suite.base import EngineCases, examples

_NOW: Moment = 100 * DAY
_CATALOG = Catalog(events={"cart": {}, "order": {}, "visit": {}})


@st.composite
def sequences(draw: st.DrawFn) -> Sequence:
    """Sequences of carts, orders and visits, whose times are whole hours."""
    names = st.sampled_from(("cart", "order", "visit"))
    lengths = st.sampled_from((Duration(1, "hour"), Duration(2, "hour"), Duration(4, "hour")))
    steps = [Step(draw(names))]
    for _ in range(draw(st.integers(0, 2))):
        steps += [Step(name, negated=True) for name in draw(st.lists(names, max_size=2))]
        steps.append(Step(draw(names), within=draw(st.none() | lengths)))
    done = len([step for step in steps if not step.negated])
    ends = draw(st.lists(st.tuples(names, lengths), min_size=1 if done == 1 else 0, max_size=2))
    steps += [Step(name, within=within, negated=True) for name, within in ends]
    window = draw(st.none() | st.sampled_from((Last(4, "hour"), Last(6, "hour"))))
    limit = draw(st.none() | st.sampled_from((Duration(3, "hour"), Duration(5, "hour")))) if done > 1 else None
    return Sequence(tuple(steps), window, limit)


@st.composite
def _histories(draw: st.DrawFn) -> tuple[tuple[str, Moment], ...]:
    times = st.builds(lambda hours, off: hours * HOUR + off, st.integers(0, 7), st.sampled_from((0, 0, 0, -1, 1)))
    return tuple(draw(st.lists(st.tuples(st.sampled_from(("cart", "order", "visit")), times), max_size=9)))


class SequenceCases(EngineCases):
    """One event after another."""

    def _did(self, sentence: str, *history: tuple[str, Moment]) -> bool:
        """Return whether a sentence is true of who has this history of events, each with its age."""
        events = tuple(Event(f"e{number}", name, _NOW - age) for number, (name, age) in enumerate(history))
        rules: dict[str, Rule] = {"rule": read_rule(sentence, _CATALOG)}
        return self.answers([Person("ada", 0, events)], _CATALOG, rules, _NOW)["rule"] == ["ada"]

    @pytest.mark.parametrize(
        ("between", "holds"),
        [(0, False), (1, True), (DAY - 1, True), (DAY, True), (DAY + 1, False)],
        ids=["at the same time", "a microsecond later", "within", "exactly a day later", "too late"],
    )
    def test_then_is_strictly_after_and_at_most_its_time(self, between: int, holds: bool) -> None:
        assert self._did("did cart then order within 1 day", ("cart", 3 * DAY), ("order", 3 * DAY - between)) is holds

    @pytest.mark.parametrize(
        ("order_age", "holds"),
        [
            (None, True),
            (3 * DAY, True),  # at the same time is not after
            (3 * DAY - 1, False),
            (2 * DAY, False),  # exactly a day later is in time
            (2 * DAY - 1, True),  # too late to count
            (4 * DAY, True),
        ],
    )
    def test_a_cart_is_abandoned_if_no_order_came_in_time(self, order_age: int | None, holds: bool) -> None:
        orders = [] if order_age is None else [("order", order_age)]
        assert self._did("did cart then not order within 1 day", ("cart", 3 * DAY), *orders) is holds

    @pytest.mark.parametrize(("age", "holds"), [(DAY - 1, False), (DAY, True), (DAY + 1, True)])
    def test_a_deadline_must_have_passed(self, age: int, holds: bool) -> None:
        assert self._did("did cart then not order within 1 day", ("cart", age)) is holds

    def test_events_at_the_deadline_apply_before_it(self) -> None:
        assert not self._did("did cart then not order within 1 day", ("cart", DAY), ("order", 0))
        assert self._did("did cart then not order within 1 day", ("cart", DAY), ("order", -1))  # its time has not come

    @pytest.mark.parametrize(
        ("history", "holds"),
        [
            ([("cart", 5), ("visit", 4), ("order", 3)], False),
            ([("cart", 5), ("visit", 5), ("order", 3)], True),  # not strictly between
            ([("cart", 5), ("visit", 3), ("order", 3)], True),
            ([("cart", 5), ("visit", 4), ("cart", 4), ("order", 3)], True),  # the later cart will do
            ([("cart", 5), ("visit", 4), ("order", 3), ("cart", 2), ("order", 1)], True),
        ],
    )
    def test_nothing_strictly_between(self, history: list[tuple[str, Moment]], holds: bool) -> None:
        assert self._did("did cart then not visit then order within 1 day", *history) is holds

    @pytest.mark.parametrize(
        ("first", "holds"),
        [(7 * DAY, False), (7 * DAY - 1, True), (7 * DAY + 1, False)],
        ids=["at", "inside", "outside"],
    )
    def test_the_window_is_that_of_the_first_step(self, first: int, holds: bool) -> None:
        assert self._did("did cart within the last 7 days then order", ("cart", first), ("order", DAY)) is holds

    @pytest.mark.parametrize(
        ("sentence", "holds"),
        [
            ("did cart then visit within 3 days then order within 3 days", True),
            ("did cart then visit within 3 days then order within 2 days", False),  # from the step before
            ("did cart then visit then order all within 6 days", True),  # from the first
            ("did cart then visit then order all within 5 days", False),
            ("did cart then cart", False),  # one cart is not two
            ("did cart then visit then order then visit", False),
            ("did cart then order", True),  # any later time will do
        ],
    )
    def test_limits_of_a_step_and_of_the_whole(self, sentence: str, holds: bool) -> None:
        assert self._did(sentence, ("cart", 9 * DAY), ("visit", 6 * DAY), ("order", 3 * DAY)) is holds

    def test_the_template_of_an_abandoned_cart_lets_go_of_who_ordered_since(self) -> None:
        template = "did cart within the last 7 days then not order within 1 day and not did order in last 7 days"
        assert self._did(template, ("cart", 3 * DAY))
        assert not self._did(template, ("cart", 3 * DAY), ("order", DAY))
        assert not self._did(template, ("cart", 8 * DAY))

    @examples(40)
    @given(st.lists(sequences(), min_size=2, max_size=4), st.lists(_histories(), min_size=4, max_size=8))
    def test_the_engine_finds_the_sequences_of_the_reference(
        self, found: list[Sequence], lives: list[tuple[tuple[str, Moment], ...]]
    ) -> None:
        everybody = [
            Person(
                f"p{person}",
                0,
                tuple(Event(f"{person}-{one}", name, _NOW - age) for one, (name, age) in enumerate(life)),
            )
            for person, life in enumerate(lives)
        ]
        self.answers(everybody, _CATALOG, {str(number): sequence for number, sequence in enumerate(found)}, _NOW)
