"""What normalises values in a project, and what it did, as findings."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from kohort.collection.batches import Tally
from kohort.definitions.normalisation import Status
from kohort.definitions.project import ProjectDefinition
from kohort.quality.normalisation.kinds import Normalisers
from kohort.storage.records import Finding

CHECK: Final = "normalised"
"""The check of the finding with a column's totals; its share is that of the values that could be read."""


def normalisers_in(settings: ProjectDefinition) -> Normalisers:
    """Return what normalises values in a project."""
    return Normalisers(settings.currency, settings.country)


def findings_of(source: str, file: str, tallies: Iterable[Tally]) -> list[Finding]:
    """Return what normalisation did to the columns of a file: for each its totals, then a finding a rule and reason.

    >>> from collections import Counter
    >>> from kohort.definitions.normalisation import Kind
    >>> statuses = Counter({Status.VALID: 5, Status.FLAGGED: 1, Status.EMPTY: 2})
    >>> tally = Tally("phone", "tel", Kind.PHONE, statuses, Counter({(Status.FLAGGED, "letters"): 1}))
    >>> for one in findings_of("crm", "crm.csv", [tally]):
    ...     print(one.check, one.severity, one.count, one.detail, sep=" | ")
    normalised | info | 8 | phone: 8 values of tel as phone: 5 valid, 0 repaired, 1 flagged, 2 empty
    flagged (letters) | warning | 1 | phone: 1 of 8 values of tel flagged: letters
    """
    return [finding for one in tallies for finding in _findings(source, Path(file).name, one)]


def _findings(source: str, file: str, tally: Tally) -> Iterator[Finding]:
    rows, subject = tally.statuses.total(), f"{file}: {tally.column}"
    valid, repaired, flagged, empty = (tally.statuses[one] for one in Status)
    given = rows - empty
    counted = f"{valid:,} valid, {repaired:,} repaired, {flagged:,} flagged, {empty:,} empty"
    yield Finding(
        check=CHECK,
        source=source,
        subject=subject,
        severity="info",
        count=rows,
        share=(valid + repaired) / given if given else None,
        detail=f"{tally.name}: {rows:,} values of {tally.column} as {tally.kind}: {counted}",
    )
    for (status, rule), count in sorted(tally.rules.items(), key=lambda one: (one[0][0], -one[1], one[0][1])):
        yield Finding(
            check=f"{status} ({rule})",
            source=source,
            subject=subject,
            severity="warning" if status is Status.FLAGGED else "info",
            count=count,
            share=count / rows,
            detail=f"{tally.name}: {count:,} of {rows:,} values of {tally.column} {status}: {rule}",
        )
