"""Of whom an answer turned since the run before: whoever has the same answers is a member of the same segments."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from sqlglot import expressions as exp

from kohort.engines.sql.dialects import Dialect
from kohort.engines.sql.landing.answers import ANSWERS, Answers
from kohort.engines.sql.landing.place import LandedSegment
from kohort.engines.sql.refresh.memory import Memory
from kohort.engines.sql.statements import Statement, create_table
from kohort.engines.sql.terms import PERSON, Parameters, any_of, column

_TURNED: Final = "kohort_turned"


def turned(answers: Answers, memory: Memory, segments: Sequence[LandedSegment], seq: int) -> Answers | None:
    """Return `answers` of those people alone whose answers are not those that are kept; None if those are of no use.

    They are of use if they are answers to the same rules, which landed as the epoch `seq`.
    """
    memory.answers = _meaning(answers, segments, seq + 1)
    if memory.full is not None or memory.kept.answers != _meaning(answers, segments, seq):
        return None
    return replace(answers, table=_TURNED)


def kept_answers(dialect: Dialect, memory: Memory, answers: Answers) -> Iterator[Statement]:
    """Yield the statements that find the people of `answers`, and keep the answers of everybody as they are now."""
    table = f"{memory.name}_answers"
    columns = [*answers.columns]
    if answers.table == ANSWERS:
        yield from memory.shelf.make(table, exp.select("*").from_(ANSWERS), Parameters(dialect))
        return
    same = exp.EQ(this=column(PERSON, table), expression=column(PERSON, ANSWERS))
    differs = [
        exp.NullSafeNEQ(this=column(name, table), expression=column(name, ANSWERS)) for name in (PERSON, *columns)
    ]
    select = exp.select(*(column(name, ANSWERS) for name in (PERSON, *columns))).from_(ANSWERS)
    select = select.join(table, on=same, join_type="LEFT").where(any_of(differs))
    yield create_table(answers.table, select, Parameters(dialect))
    yield from memory.shelf.mend(table, answers.table, answers.table, columns)


def _meaning(answers: Answers, segments: Sequence[LandedSegment], seq: int) -> str:
    plan = answers.plan
    landed = [(one.name, one.version) for one in segments]
    words = repr((seq, landed, [*plan.rules.items()], [*plan.segments.items()], answers.bits, answers.decided))
    return hashlib.sha256(words.encode()).hexdigest()
