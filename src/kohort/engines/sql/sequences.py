"""A sequence as window functions over the events of its steps: one pass a step over each person's events in time.

For every event it is enough to look at the latest event before it that ended the steps so far: whatever an earlier one
allows, the latest allows too, since its time limits end later, nothing can stand in between that does not stand behind
the earlier one, and it began no earlier. So each step needs the latest end and the latest beginning before an event.
"""

from sqlglot import expressions as exp

from kohort.engines.context import Context
from kohort.engines.sql.statements import PERSON, Statement, create_table, with_person
from kohort.engines.sql.terms import Parameters, all_of, any_of, column, in_ranges, number, where
from kohort.rules.nodes import Sequence, Step

_TIME = "ts"
_END = "reached"
_BEGIN = "begun"


def sequence_table(table: str, sequence: Sequence, index: int, context: Context, person: str | None) -> Statement:
    """Return the statement that makes the table of who did `sequence`: a row with `f<index>` true a person."""
    parameters = Parameters()
    rows = _steps_of_events(sequence, context, person, parameters)
    begins: list[exp.Expr] = [column("m0")]
    if sequence.window is not None:
        begins.append(in_ranges(column(_TIME), context.ranges(sequence.window)))
    found = _reaching(rows, sequence, begins, column(_TIME))
    absent: list[int] = []
    for place, step in enumerate(sequence.steps[1:], start=1):
        if step.negated:
            absent.append(place)
        else:
            found = _next_step(found, sequence, place, absent)
            absent = []
    ended: list[exp.Expr] = [_is_there(column(_END))]
    for place in absent:
        found, term = _never_after(found, sequence, place, context)
        ended.append(term)
    done = exp.select(column(PERSON), exp.alias_(exp.true(), f"f{index}")).distinct()
    return create_table(table, done.from_(found.subquery("steps")).where(all_of(ended)), parameters)


def _steps_of_events(sequence: Sequence, context: Context, person: str | None, parameters: Parameters) -> exp.Select:
    """Return the events of the sequence with `m0`, `m1`, … : whether an event is one that the step means."""
    names = {event: parameters.bind(event) for event in dict.fromkeys(step.event for step in sequence.steps)}
    marks: list[exp.Expr] = []
    for place, step in enumerate(sequence.steps):
        terms: list[exp.Expr] = [exp.EQ(this=column("name"), expression=names[step.event].copy())]
        if step.where is not None:
            terms.append(where(step.where, step.event, context, parameters))
        marks.append(exp.alias_(exp.Paren(this=all_of(terms)), f"m{place}"))
    rows: list[exp.Expr] = [
        exp.In(this=column("name"), expressions=[bound.copy() for bound in names.values()]),
        exp.LTE(this=column(_TIME), expression=number(context.at)),
    ]
    select = exp.select(column(PERSON), column(_TIME), *marks).from_("events")
    return select.where(all_of(with_person(rows, person, parameters)))


def _next_step(before: exp.Select, sequence: Sequence, place: int, absent: list[int]) -> exp.Select:
    """Return the rows with what they reach by the step at `place`, if none of `absent` came in between."""
    step: Step = sequence.steps[place]
    earlier = [_latest_before(column(_END), "last_end"), _latest_before(column(_BEGIN), "last_begin")]
    ends = [column(f"m{place}"), _is_there(column("last_end"))]
    if absent:
        earlier.append(_latest_before(_when([column(f"m{one}") for one in absent], column(_TIME)), "last_absent"))
        nothing = exp.Is(this=column("last_absent"), expression=exp.null())
        ends.append(any_of([nothing, exp.LTE(this=column("last_absent"), expression=column("last_end"))]))
    if step.within is not None:
        ends.append(_at_most(column("last_end"), step.within.length))
    if sequence.limit is not None:
        ends.append(_at_most(column("last_begin"), sequence.limit.length))
    looked = _kept(sequence).select(*earlier).from_(before.subquery("before"))
    return _reaching(looked, sequence, ends, column("last_begin"))


def _reaching(rows: exp.Select, sequence: Sequence, terms: list[exp.Expr], begin: exp.Expr) -> exp.Select:
    """Return the rows with the time at which the steps so far end there, and began; NULL where `terms` do not hold."""
    met = all_of(terms)
    end = exp.Case(ifs=[exp.If(this=met, true=column(_TIME))])
    began = exp.Case(ifs=[exp.If(this=met.copy(), true=begin)])
    select = _kept(sequence).select(exp.alias_(end, _END), exp.alias_(began, _BEGIN))
    return select.from_(rows.subquery("looked"))


def _never_after(rows: exp.Select, sequence: Sequence, place: int, context: Context) -> tuple[exp.Select, exp.Expr]:
    """Return the rows with the next time that the step at `place` was done, and that it was not within its time."""
    within = sequence.steps[place].within
    length = 0 if within is None else within.length
    name = f"next{place}"
    done = _when([column(f"m{place}")], column(_TIME))
    later = _over(exp.Min(this=done), ("1", "FOLLOWING"), ("UNBOUNDED", "FOLLOWING"))
    known = [column(one) for one in (_END, _BEGIN, *(f"next{one}" for one in range(place) if _is_last(sequence, one)))]
    select = _kept(sequence).select(*known, exp.alias_(later, name)).from_(rows.subquery("ended"))
    deadline = exp.Add(this=column(_TIME), expression=number(length))
    none = exp.Is(this=column(name), expression=exp.null())
    late = exp.GT(this=column(name), expression=deadline)
    over = exp.LTE(this=deadline.copy(), expression=number(context.at))
    return select, all_of([any_of([none, late]), over])


def _is_last(sequence: Sequence, place: int) -> bool:
    """Return whether the step at `place` is one that was not done, with nothing done after it."""
    return all(step.negated for step in sequence.steps[place:])


def _kept(sequence: Sequence) -> exp.Select:
    return exp.select(column(PERSON), column(_TIME), *(column(f"m{place}") for place in range(len(sequence.steps))))


def _latest_before(term: exp.Expr, name: str) -> exp.Expr:
    return exp.alias_(_over(exp.Max(this=term), ("UNBOUNDED", "PRECEDING"), ("1", "PRECEDING")), name)


def _over(aggregate: exp.Expr, start: tuple[str, str], end: tuple[str, str]) -> exp.Expr:
    """Return an aggregate over a range of the person's events in time; 1 means at least a microsecond away."""
    spec = exp.WindowSpec(kind="RANGE", start=_edge(start[0]), start_side=start[1], end=_edge(end[0]), end_side=end[1])
    order = exp.Order(expressions=[exp.Ordered(this=column(_TIME))])
    return exp.Window(this=aggregate, partition_by=[column(PERSON)], order=order, spec=spec)


def _edge(word: str) -> exp.Expr | str:
    return number(int(word)) if word.isdecimal() else word


def _when(terms: list[exp.Expr], found: exp.Expr) -> exp.Expr:
    return exp.Case(ifs=[exp.If(this=any_of(terms), true=found)])


def _at_most(since: exp.Expr, length: int) -> exp.Expr:
    return exp.LTE(this=exp.Paren(this=exp.Sub(this=column(_TIME), expression=since)), expression=number(length))


def _is_there(term: exp.Expr) -> exp.Expr:
    return exp.Not(this=exp.Is(this=term, expression=exp.null()))
