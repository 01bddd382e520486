"""What collection hands on: messages, rejected rows with the reason, and findings, in batches."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import msgspec

from kohort.definitions.normalisation import Kind, Status
from kohort.storage.messages import Message
from kohort.storage.records import Rejection


class InputFinding(msgspec.Struct, frozen=True):
    """Something worth knowing that did not keep the row out; alike ones of a batch are counted together.

    `check` names the kind: "unholdable_number", "declared_type", "duplicate_rows", "lookup_without_match",
    "repeated_name". `line` is that of the first case.
    """

    source: str
    file: str
    line: int
    field: str
    check: str
    count: int
    message: str


@dataclass(frozen=True)
class Tally:
    """What normalisation did to a column of some rows: how many values are valid, repaired, flagged and empty.

    These add up to the rows. `rules` counts each rule and each reason; a value that several rules repaired counts for
    each of them. `name` is that of the property or trait, "time" for the time.
    """

    name: str
    column: str
    kind: Kind
    statuses: Counter[Status]
    rules: Counter[tuple[Status, str]]


@dataclass(frozen=True)
class Batch:
    """What a stretch of the input gave; `rows` is how many rows or messages of the input it stands for.

    Where messages are made of rows, `lines` has the line of each, and `again` tells which say what a row before said.
    """

    messages: list[Message] = field(default_factory=list)
    rejected: list[Rejection] = field(default_factory=list)
    warnings: list[InputFinding] = field(default_factory=list)
    rows: int = 0
    lines: Sequence[int] = ()
    again: Sequence[bool] = ()
    tallies: list[Tally] = field(default_factory=list)


@dataclass(frozen=True)
class Origin:
    """Where rows come from, as rejections and findings name it."""

    source: str
    file: str

    def rejection(self, line: int, column: str, reason: str, raw: str) -> Rejection:
        """Return the dead letter of a row of this origin."""
        return Rejection(self.source, self.file, line, column, reason, raw)

    def finding(self, line: int, column: str, check: str, count: int, message: str) -> InputFinding:
        """Return a finding about rows of this origin."""
        return InputFinding(self.source, self.file, line, column, check, count, message)


def merged(findings: list[InputFinding]) -> list[InputFinding]:
    """Return findings with alike ones (same origin, check and field) counted together, in order of appearance.

    >>> one = InputFinding("s", "f", 2, "total", "declared_type", 1, "text")
    >>> merged([one, one])[0].count
    2
    """
    kinds: dict[tuple[str, str, str, str], InputFinding] = {}
    for finding in findings:
        kind = (finding.source, finding.file, finding.check, finding.field)
        known = kinds.get(kind)
        kinds[kind] = msgspec.structs.replace(known, count=known.count + finding.count) if known else finding
    return list(kinds.values())


def summed(tallies: Iterable[Tally]) -> list[Tally]:
    """Return tallies with those of the same value counted together, in order of appearance.

    >>> one = Tally("phone", "tel", Kind.PHONE, Counter({Status.VALID: 2}), Counter())
    >>> summed([one, one])[0].statuses[Status.VALID]
    4
    """
    found: dict[tuple[str, str], Tally] = {}
    for one in tallies:
        key = (one.name, one.column)
        before = found.get(key)
        if before is not None:
            counted = (before.statuses + one.statuses, before.rules + one.rules)
            found[key] = Tally(one.name, one.column, one.kind, *counted)
        else:
            found[key] = one
    return list(found.values())
