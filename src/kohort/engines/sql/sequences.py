"""A sequence as window functions over the moments of its steps: one pass a step over each person's moments in time.

Events of one moment are one row first, so that the row before is earlier: frames of rows, which every dialect has.

For every event it is enough to look at the latest event before it that ended the steps so far: whatever an earlier one
allows, the latest allows too, since its time limits end later, nothing can stand in between that does not stand behind
the earlier one, and it began no earlier. So each step needs the latest end and the latest beginning before an event.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlglot import expressions as exp

from kohort.engines.context import Context
from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.terms import (
    PERSON,
    Parameters,
    all_of,
    any_of,
    column,
    first_moment,
    in_ranges,
    is_there,
    named,
    number,
    ordered,
    where,
    with_person,
)
from kohort.rules.nodes import Sequence as Steps

_TIME = "ts"
_END = "reached"
_BEGIN = "begun"


@dataclass(frozen=True)
class _Rows:
    """Each person's moments, and the names of what is known of them, besides the person and the time."""

    select: exp.Select
    known: tuple[str, ...]

    def with_(self, wanted: Mapping[str, exp.Expr], kept: Sequence[str] | None = None) -> "_Rows":
        """Return the rows with more known of them, of what is known now only `kept`."""
        stays = self.known if kept is None else tuple(kept)
        columns = [named(found, name) for name, found in wanted.items()]
        select = exp.Select().select(*map(column, (PERSON, _TIME, *stays)), *columns, copy=False)
        select.from_(self.select.subquery("rows", copy=False), copy=False)
        return _Rows(select, (*stays, *wanted))


def sequence_table(
    sequence: Steps, index: int, context: Context, person: str | None, parameters: Parameters
) -> exp.Select:
    """Return who did `sequence`: a row with `f<index>` true a person."""
    rows = _Rows(_steps_of_events(sequence, context, person, parameters), _marks(sequence))
    begins: list[exp.Expr] = [_marked(0)]
    if sequence.window is not None:
        begins.append(in_ranges(column(_TIME), context.ranges(sequence.window)))
    found = _reaching(rows, begins, column(_TIME))
    ahead = [place for place in range(len(sequence.steps)) if _is_last(sequence, place)]
    looked = {f"next{place}": _next_done(place, parameters.dialect) for place in ahead}
    absent: list[int] = []
    for place, step in enumerate(sequence.steps[1 : len(sequence.steps) - len(ahead)], start=1):
        if step.negated:
            absent.append(place)
        else:
            found = _next_step(found, looked, sequence, place, absent, parameters)
            absent, looked = [], {}
    found = found.with_(looked) if looked else found
    ended = [is_there(column(_END)), *(_never_after(sequence, place, context) for place in ahead)]
    done = exp.select(column(PERSON), named(exp.true(), f"f{index}")).distinct()
    return done.from_(found.select.subquery("steps", copy=False), copy=False).where(all_of(ended), copy=False)


def _steps_of_events(sequence: Steps, context: Context, person: str | None, parameters: Parameters) -> exp.Select:
    """Return each person's moments with `m0`, `m1`, … : 1 if an event is there that the step means, else 0."""
    names = {event: parameters.bind(event) for event in dict.fromkeys(step.event for step in sequence.steps)}
    marks: list[exp.Expr] = []
    for place, step in enumerate(sequence.steps):
        terms: list[exp.Expr] = [exp.EQ(this=column("name"), expression=names[step.event].copy())]
        if step.where is not None:
            terms.append(where(step.where, step.event, context, parameters))
        mark = exp.Case(ifs=[exp.If(this=all_of(terms), true=number(1))], default=number(0))
        marks.append(named(exp.Max(this=mark), f"m{place}"))
    # Whatever comes before the first step may come cannot be part of the sequence, nor undo it.
    rows: list[exp.Expr] = [
        exp.In(this=column("name"), expressions=[bound.copy() for bound in names.values()]),
        in_ranges(column(_TIME), [(first_moment([sequence.window], context), context.at)]),
    ]
    select = exp.select(column(PERSON), column(_TIME), *marks).from_("events")
    select = select.where(all_of(with_person(rows, person, parameters)))
    return select.group_by(column(PERSON), column(_TIME))


def _next_step(
    before: _Rows,
    looked: Mapping[str, exp.Expr],
    sequence: Steps,
    place: int,
    absent: list[int],
    parameters: Parameters,
) -> _Rows:
    """Return the rows with what they reach by the step at `place`, if none of `absent` came in between.

    `looked` is to be known besides: stores sort once for all that one level looks at.
    """
    step, dialect = sequence.steps[place], parameters.dialect
    earlier = {f"last_{one}": _latest_before(dialect, column(one)) for one in (_END, _BEGIN)}
    ends = [_marked(place), is_there(column(f"last_{_END}"))]
    if absent:
        absences = _when([_marked(one) for one in absent], column(_TIME))
        earlier["last_absent"] = _latest_before(dialect, absences)
        nothing = exp.Is(this=column("last_absent"), expression=exp.null())
        ends.append(any_of([nothing, exp.LTE(this=column("last_absent"), expression=column(f"last_{_END}"))]))
    if step.within is not None:
        ends.append(_at_most(column(f"last_{_END}"), step.within.length))
    if sequence.limit is not None:
        ends.append(_at_most(column(f"last_{_BEGIN}"), sequence.limit.length))
    kept = [one for one in before.known if one not in {_END, _BEGIN}]
    return _reaching(before.with_({**earlier, **looked}, kept), ends, column(f"last_{_BEGIN}"))


def _reaching(rows: _Rows, terms: list[exp.Expr], begin: exp.Expr) -> _Rows:
    """Return the rows with the time at which the steps so far end there, and began; NULL where `terms` do not hold."""
    met = all_of(terms)
    end = exp.Case(ifs=[exp.If(this=met, true=column(_TIME))])
    began = exp.Case(ifs=[exp.If(this=met.copy(), true=begin)])
    kept = [one for one in rows.known if not one.startswith("last_")]
    return rows.with_({_END: end, _BEGIN: began}, kept)


def _next_done(place: int, dialect: Dialect) -> exp.Expr:
    """Return the next time that the step at `place` was done."""
    done = _when([_marked(place)], column(_TIME))
    return _over(dialect, exp.Min(this=done), ("1", "FOLLOWING"), ("UNBOUNDED", "FOLLOWING"))


def _never_after(sequence: Steps, place: int, context: Context) -> exp.Expr:
    """Return whether the step at `place` was not done within its time after the steps so far, which is over."""
    within = sequence.steps[place].within
    deadline = exp.Add(this=column(_TIME), expression=number(0 if within is None else within.length))
    none = exp.Is(this=column(f"next{place}"), expression=exp.null())
    late = exp.GT(this=column(f"next{place}"), expression=deadline)
    over = exp.LTE(this=deadline.copy(), expression=number(context.at))
    return all_of([any_of([none, late]), over])


def _is_last(sequence: Steps, place: int) -> bool:
    """Return whether the step at `place` is one that must not be done, with nothing done after it."""
    return all(step.negated for step in sequence.steps[place:])


def _marks(sequence: Steps) -> tuple[str, ...]:
    return tuple(f"m{place}" for place in range(len(sequence.steps)))


def _marked(place: int) -> exp.Expr:
    return exp.EQ(this=column(f"m{place}"), expression=number(1))


def _latest_before(dialect: Dialect, term: exp.Expr) -> exp.Expr:
    return _over(dialect, exp.Max(this=term), ("UNBOUNDED", "PRECEDING"), ("1", "PRECEDING"))


def _over(dialect: Dialect, aggregate: exp.Expr, start: tuple[str, str], end: tuple[str, str]) -> exp.Expr:
    """Return an aggregate over the person's moments in time; 1 means the next one, so at least a microsecond away."""
    spec = exp.WindowSpec(kind="ROWS", start=_edge(start[0]), start_side=start[1], end=_edge(end[0]), end_side=end[1])
    order = exp.Order(expressions=[ordered(dialect, _TIME)])
    return exp.Window(this=aggregate, partition_by=[column(PERSON)], order=order, spec=spec)


def _edge(word: str) -> exp.Expr | str:
    return number(int(word)) if word.isdecimal() else word


def _when(terms: list[exp.Expr], found: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=any_of(terms), true=found)])


def _at_most(since: exp.Expr, length: int) -> exp.Expr:
    return exp.LTE(this=exp.Paren(this=exp.Sub(this=column(_TIME), expression=since)), expression=number(length))
