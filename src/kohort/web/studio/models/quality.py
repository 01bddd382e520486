"""The page of quality as data: every source with its loads, and what checks found."""

from pydantic import Field

from kohort.web.api.models.answer import Said
from kohort.web.api.models.quality import SourceQualities
from kohort.web.api.models.records import QualityFinding


class PageFinding(QualityFinding):
    """What a quality check found; its detail is in the language of the page, the rest as it is stored."""

    detail: Said


class QualityPage(SourceQualities):
    """Every source that was measured, or is declared, by name; and the gravest findings."""

    findings: list[PageFinding] = Field(description="The gravest first, at most 100.")
    more_findings: int = Field(description="How many there are beside those.")
