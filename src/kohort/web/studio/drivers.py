"""What goes with a person's chances, as their page shows it: a chart, and the same as a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from kohort.definitions.prediction import PredictionDefinition
from kohort.definitions.score import ScoreDefinition
from kohort.pipeline.learning.explained.found import Drivers, PersonScore
from kohort.reports import driver_charts
from kohort.reports.driver_charts import DriverBar
from kohort.reports.figures import Figure
from kohort.web.studio.drawing import figure, kept, spoken, writing_of
from kohort.web.studio.navigation import marked
from kohort.web.studio.pages import Visit
from kohort.web.studio.values import ScoreWords

_: Final[Callable[[str], str]] = marked
_MOST_DRAWN: Final = 10
_SEEN: Final = 0.0005
"""What brings less would be written as nothing."""


@dataclass(frozen=True)
class DriverLine:
    """What is read as one, its values, and its part of the chance in points."""

    name: str
    value: str
    points: float


@dataclass(frozen=True)
class ShownScore:
    """A person's chance, what it is called and about, and what goes with it; `untold` says why that is not told."""

    score: PersonScore
    name: str
    about: str
    band: str
    lines: Sequence[DriverLine]
    drawn: Figure | None
    untold: str


def shown_scores(
    visit: Visit, found: Sequence[PersonScore], scores: Sequence[ScoreDefinition], words: ScoreWords
) -> tuple[list[ShownScore], str]:
    """Return a person's chances as their page shows them, and how they are to be read; nothing of none."""
    if not found:
        return [], ""
    # Loaded where somebody has a chance: it knows of what explains models.
    from kohort.learning.models.explanation.wording import READ_SO  # noqa: PLC0415
    from kohort.pipeline.learning.explained.wording import FeatureLabels, value_words  # noqa: PLC0415

    labels = FeatureLabels.of(scores)
    declared = {one.name: one for one in scores if isinstance(one, PredictionDefinition)}

    def lines(drivers: Drivers) -> list[DriverLine]:
        told = [one for one in drivers.found if abs(one.points) >= _SEEN]
        return [
            DriverLine(
                spoken(labels.of_features(one.features), visit.language),
                ", ".join(spoken(value_words(value), visit.language) for value in one.values),
                one.points,
            )
            for one in told
        ]

    def of(one: PersonScore) -> ShownScore:
        told = [] if one.drivers is None else lines(one.drivers)
        return ShownScore(
            one,
            words.name(one.score),
            words.about(declared[one.score]) if one.score in declared else "",
            words.value(f"{one.score}_band", one.band),
            told,
            _drawn(visit, one.score, told) if told and visit.form == "html" else None,
            "" if one.untold is None else spoken(one.untold, visit.language),
        )

    return [of(one) for one in found], spoken(READ_SO, visit.language)


def _drawn(visit: Visit, score: str, lines: Sequence[DriverLine]) -> Figure:
    bars = [DriverBar(one.name, one.points) for one in lines[:_MOST_DRAWN]]
    title = visit.say(_("points of the chance"))
    caption = visit.say(_("To the right what goes with a higher chance, to the left with a lower one; no causes."))
    name = f"drivers-{score}"
    return kept(
        "drivers",
        lambda: figure(
            name,
            visit.say(_("What goes with it")),
            caption,
            driver_charts.drivers(bars, title, writing_of(visit.formats)),
        ),
        visit.formats,
        name,
        bars,
    )
