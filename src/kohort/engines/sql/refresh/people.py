"""Values that cannot be mended by what came and went: they are found again for the people concerned."""

from sqlglot import expressions as exp

from kohort.engines.plan import Feature
from kohort.engines.sql.narrow import Subject, narrow_rows
from kohort.engines.sql.refresh.change import Change, shifted, window_of
from kohort.engines.sql.refresh.ranges import union
from kohort.engines.sql.statements import Places
from kohort.engines.sql.terms import PERSON, Parameters, all_of, any_of, column, first_moment, in_ranges, named, number
from kohort.rules.nodes import Aggregate, DaysSince, Sequence

BEFORE_ALL = -(2**63) + 1
"""A moment before all others."""

SINCE = "since"


def events_read(subject: Subject) -> tuple[str, ...]:
    """Return the names of the events that the table of `subject` reads.

    >>> from kohort.rules.parse import parse_rule
    >>> events_read(parse_rule("did a then b then not a within 1 day"))
    ('a', 'b')
    """
    match subject:
        case Sequence(steps=steps):
            return tuple(dict.fromkeys(step.event for step in steps))
        case Feature(measure=Aggregate(event=event) | DaysSince(event=event)):
            return (event,)
        case str():
            return (subject,)
        case _:
            return ()


def people_touched(subject: Subject, places: Places, change: Change, table: str, parameters: Parameters) -> exp.Select:
    """Return the people of whom a value of `places`, kept in `table`, can have changed, and `since` when it matters.

    Everything that matters to a person's value lies at or after `since`.
    """
    if isinstance(subject, Sequence):
        return _doers_touched(subject, change, table, parameters)
    moved = change.moved(window_of(feature) for feature in places)
    touching = change.touching(moved, change.events)
    rows = [_events(event, touching.copy(), parameters) for event in events_read(subject)]
    select = exp.select(column(PERSON), named(number(BEFORE_ALL), SINCE)).distinct()
    return select.from_(change.events.rows(parameters, events_read(subject), moved)).where(any_of(rows))


def _doers_touched(sequence: Sequence, change: Change, table: str, parameters: Parameters) -> exp.Select:
    """Return the people of whom it can have changed whether they did `sequence`; those in `table` had done it.

    The steps that are done end before the time of those that are not done at the end runs out. So who had not done it
    needs a new event before that time, or one whose time has run out, or one that the window took in; and then it is
    enough to look back as far as the sequence reaches. Who had done it can only lose it: by a late event of a step that
    is not done, or by the window.
    """
    time = column(change.events.time)
    done = [step for step in sequence.steps if not step.negated]
    last = max(place for place, step in enumerate(sequence.steps) if not step.negated)
    wait = max((step.within.length for step in sequence.steps[last:] if step.negated and step.within), default=0)
    had = exp.In(this=column(PERSON), query=exp.select(column(PERSON)).from_(table).subquery())
    new = all_of([change.events.new(), exp.LTE(this=time, expression=number(change.after.at - wait))])
    rows = [_events(event, new.copy(), parameters) for event in dict.fromkeys(step.event for step in done)]
    moved = [
        (done[-1].event, shifted(change.passed, wait)),
        (done[0].event, change.gained(sequence.window)),
    ]
    for event, ranges in moved:
        if ranges:
            rows.append(_events(event, all_of([change.events.old(), in_ranges(time.copy(), ranges)]), parameters))
    undone = [step.event for step in sequence.steps if step.negated]
    for event in dict.fromkeys(undone):
        late = exp.LTE(this=time.copy(), expression=number(change.already))
        rows.append(_events(event, all_of([change.events.new(), late, had.copy()]), parameters))
    went = change.leaving(sequence.window)
    if went is not None:
        rows.append(_events(done[0].event, all_of([went, had.copy()]), parameters))
    since: exp.Expr = number(BEFORE_ALL)
    reach = _reach(sequence)
    if reach is not None:
        earliest = exp.Sub(this=exp.Min(this=time.copy()), expression=number(reach))
        since = exp.Case(ifs=[exp.If(this=had, true=since)], default=earliest)
    looked = union((*change.lost(sequence.window), *(one for _, ranges in moved for one in ranges)))
    read = change.events.rows(parameters, events_read(sequence), looked)
    select = exp.select(column(PERSON), named(since, SINCE)).from_(read).where(any_of(rows))
    return select.group_by(column(PERSON))


def people_again(
    subject: Subject, places: Places, change: Change, touched: str | None, parameters: Parameters
) -> exp.Select:
    """Return the values of `places` of the people in the table `touched`, None: of everybody."""
    select = narrow_rows(subject, places, change.after, None, parameters)
    windows = [subject.window] if isinstance(subject, Sequence) else [window_of(feature) for feature in places]
    looked = [(first_moment(windows, change.after), change.after.at)]
    for table in [one for one in select.find_all(exp.Table) if one.name == change.events.relation]:
        reading = table.find_ancestor(exp.Select)
        if reading is None:
            raise TypeError("a table is read by a query")
        table.replace(change.events.rows(parameters, events_read(subject), looked, new=False))
        if touched is not None:
            concerned = exp.select(named(column(PERSON), "concerned"), column(SINCE)).from_(touched)
            same = exp.EQ(this=column(PERSON), expression=column("concerned"))
            late = exp.GTE(this=column(change.events.time), expression=column(SINCE))
            reading.join(concerned.subquery("concerned"), on=all_of([same, late]), copy=False)
    return select


def _events(event: str, rows: exp.Expr, parameters: Parameters) -> exp.Expr:
    return all_of([exp.EQ(this=column("name"), expression=parameters.bind(event)), rows])


def _reach(sequence: Sequence) -> int | None:
    """Return the longest time from the first to the last step that is done; None if there is no limit."""
    if sequence.limit is not None:
        return sequence.limit.length
    limits = [step.within for step in sequence.steps[1:] if not step.negated]
    known = [limit.length for limit in limits if limit is not None]
    return sum(known) if len(known) == len(limits) else None
