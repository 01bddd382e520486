"""Values that cannot be mended by what came and went: they are found again for the people concerned."""

from sqlglot import expressions as exp

from kohort.engines.plan import Feature
from kohort.engines.sql.narrow import Subject, narrow_rows
from kohort.engines.sql.refresh.change import Change, shifted, window_of
from kohort.engines.sql.refresh.ranges import union
from kohort.engines.sql.statements import Places
from kohort.engines.sql.terms import PERSON, Parameters, all_of, any_of, column
from kohort.rules.nodes import Aggregate, DaysSince, Sequence
from kohort.rules.windows import Range


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


def people_touched(subject: Subject, places: Places, change: Change, parameters: Parameters) -> exp.Select:
    """Return the people of whom a value of `places` can have changed."""
    rows = [
        all_of(
            [
                exp.EQ(this=column("name"), expression=parameters.bind(event)),
                change.touching(_moved(event, subject, places, change), change.events),
            ]
        )
        for event in events_read(subject)
    ]
    return exp.select(column(PERSON)).distinct().from_("events").where(any_of(rows))


def people_again(
    subject: Subject, places: Places, change: Change, touched: str | None, parameters: Parameters
) -> exp.Select:
    """Return the values of `places` of the people in the table `touched`, None: of everybody."""
    select = narrow_rows(subject, places, change.after, None, parameters)
    for table in [one for one in select.find_all(exp.Table) if one.name == change.events.relation]:
        rows = [change.events.there()]
        if touched is not None:
            rows.append(exp.In(this=column(PERSON), query=exp.select(column(PERSON)).from_(touched).subquery()))
        reading = table.find_ancestor(exp.Select)
        if reading is None:
            raise TypeError("a table is read by a query")
        reading.where(all_of(rows), copy=False)
    return select


def _moved(event: str, subject: Subject, places: Places, change: Change) -> tuple[Range, ...]:
    """Return the moments at which an event that was there can change a value by the mere passage of time."""
    if not isinstance(subject, Sequence):
        return change.moved(window_of(feature) for feature in places)
    found = list(change.passed)
    if event == subject.steps[0].event:
        found += change.moved([subject.window])
    done = [place for place, step in enumerate(subject.steps) if not step.negated]
    if event == subject.steps[done[-1]].event:
        for step in subject.steps[done[-1] + 1 :]:
            if step.within is not None:
                found += shifted(change.passed, step.within.length)
    return union(found)
