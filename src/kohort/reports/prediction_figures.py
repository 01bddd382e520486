"""Predictions as figures of the report: each chart with its numbers."""

from dataclasses import replace

from kohort.learning.models.explanation.weights import Weight
from kohort.learning.prediction.results import PredictionStudy
from kohort.reports import prediction_charts
from kohort.reports.figures import Figure, drawn
from kohort.reports.formatting import count, decimal, percent, percent_range
from kohort.reports.predictions_data import PredictionShown
from kohort.reports.tables import Table


def prediction(number: int, found: PredictionShown) -> list[Figure]:
    """Draw whether chances are kept, who comes first, and what goes with chances; `number` tells scores apart."""
    study = found.study
    kept = "People of neighbouring chances: what they were told, and what happened, with intervals of 95 %."
    figures = [
        replace(
            drawn(f"kept-{number}", "Are chances kept?", kept, prediction_charts.calibration(study.curve)),
            table=calibration_table(study),
        )
    ]
    if study.lift:
        caption = "How many times as often the first reach the goal as all, with intervals of 95 %; dashed: by lot."
        chart = prediction_charts.lift(study.lift)
        figures.append(replace(drawn(f"first-{number}", "Who comes first", caption, chart), table=lift_table(study)))
    if found.weights:
        caption = "The points that each group of features brings, up or down, on average; they are no causes."
        chart = prediction_charts.contributions(found.weights)
        table = weights_table(found.weights)
        figures.append(replace(drawn(f"brought-{number}", "What goes with chances", caption, chart), table=table))
    return figures


def calibration_table(study: PredictionStudy) -> Table:
    """Return what people of neighbouring chances were told, and what happened."""
    rows = [
        (count(one.people), percent(one.chance), percent(one.observed.estimate),
         percent_range(one.observed.low, one.observed.high))
        for one in study.curve
    ]  # fmt: skip
    return Table(
        "Chances and what happened", ("People", "Told", "Reached the goal, %", "Interval of 95 %"), tuple(rows)
    )


def lift_table(study: PredictionStudy) -> Table:
    """Return lift and capture of the first tenths of people."""
    rows = [
        (percent(one.share, 0), decimal(one.lift.estimate), f"{decimal(one.lift.low)} – {decimal(one.lift.high)}",
         percent(one.capture.estimate))
        for one in study.lift
    ]  # fmt: skip
    columns = ("First so many", "Times as often as all", "Interval of 95 %", "Share of the goal that they hold")
    return Table("Who comes first", columns, tuple(rows))


def weights_table(weights: tuple[Weight, ...]) -> Table:
    """Return how many points groups of features bring on average, up or down."""
    rows = [
        (", ".join(one.group), decimal(100 * one.brought.estimate, 1),
         f"{decimal(100 * one.brought.low, 1)} – {decimal(100 * one.brought.high, 1)}")
        for one in weights
    ]  # fmt: skip
    return Table("What goes with chances", ("Features read as one", "Points", "Interval of 95 %"), tuple(rows))
