"""What the parts of a segment's page share: its name in the path, the labels of others, what a visitor may know."""

from collections.abc import Iterable
from typing import Annotated

from fastapi import Path

from kohort.errors import UnknownNameError
from kohort.governance.keys import MEMBERSHIPS_READ, PEOPLE_READ
from kohort.pipeline.status import SegmentSummary
from kohort.project import Project
from kohort.web.studio.pages import Visit

Name = Annotated[str, Path(max_length=1_000)]
PLACES = {"segment": "path.name"}


def may_see_people(visit: Visit) -> bool:
    """Return whether a visitor may know who is in a segment, and not only how many."""
    return visit.visitor.may(MEMBERSHIPS_READ, PEOPLE_READ)


def summary_of(project: Project, name: str) -> tuple[SegmentSummary, list[SegmentSummary]]:
    """Return a segment at a glance, and all of them; raises UnknownNameError."""
    found = project.segments()
    for one in found:
        if one.name == name:
            return one, found
    raise UnknownNameError("segment", name, [one.name for one in found])


def labels_of(visit: Visit, segments: Iterable[SegmentSummary]) -> dict[str, str]:
    """Return what segments are called in the language of the page."""
    return {one.name: one.labels[visit.language.value] for one in segments}
