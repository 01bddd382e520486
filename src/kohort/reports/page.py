"""The report as one HTML page: no script, no network, nothing beside it."""

from dataclasses import replace
from typing import Any, Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from kohort.learning.prediction.wording import study_words
from kohort.reports import figures, formatting, period_figures, tables, words
from kohort.reports.data import ReportData
from kohort.reports.figures import Figure
from kohort.reports.formatting import axis_labels
from kohort.reports.importance import fault_words, verdict_words
from kohort.reports.method_figures import method_figures
from kohort.reports.method_tables import methods_table, preparation_table
from kohort.reports.palette import GROUPS
from kohort.reports.prediction_figures import prediction
from kohort.reports.predictions_data import LookalikesShown, PredictionShown
from kohort.reports.validation import validation_of
from kohort.reports.validation_conversion import foretelling_words
from kohort.reports.validation_lookalikes import lookalike_checks
from kohort.reports.validation_predictions import prediction_checks
from kohort.reports.value import value_words

_TEMPLATE: Final = "report.html.j2"
_STYLE: Final = "report.css"
_FEWEST_MOMENTS: Final = 2
_CATEGORIES_SHOWN: Final = 4


def render_report(data: ReportData) -> str:
    """Return the report as one self-contained HTML document.

    Every text of `data` is taken as hostile: markup in it is escaped, control characters and marks of direction are
    made visible, endless texts are cut. Sections without data say so.

    >>> from datetime import UTC, datetime
    >>> now = datetime(2018, 1, 1, tzinfo=UTC)
    >>> page = render_report(ReportData("<shop>", now, now, "EUR", people=0, revenue=0))
    >>> page[:15], "&lt;shop&gt;" in page, "<shop>" in page
    ('<!doctype html>', True, False)
    """
    environment = _environment()
    loader = environment.loader
    value = data.values[0] if data.values else None
    checks = validation_of(data.discovery, data.over_time, value) if data.discovery else ()
    preparation = data.discovery.preparation if data.discovery else None
    style = loader.get_source(environment, _STYLE)[0] if loader else ""
    return environment.get_template(_TEMPLATE).render(
        data=data,
        style=Markup(style),  # noqa: S704 - our own file
        headlines=words.headlines(data),
        privacy=words.privacy_words(data),
        evaluated=[segment for segment in data.segments if not segment.note],
        left_out=[segment for segment in data.segments if segment.note],
        cells=tables.cells_table(data.rfm) if data.rfm else None,
        validation=tables.validation_table(checks) if checks else None,
        methods=methods_table(data.discovery.methods) if data.discovery and data.discovery.methods else None,
        prepared=preparation_table(preparation) if preparation else None,
        prediction_checks=[_checked(one) for one in data.predictions],
        labelled_checks=[_checked(one.shown) for one in data.labelled],
        labelled_figures=[tables.card_table(one.card, one.shown.score) for one in data.labelled],
        findings=tables.findings_table(data.findings),
        categories_shown=_CATEGORIES_SHOWN,
        **_figures(data),
    )


def _checked(found: PredictionShown | LookalikesShown) -> tables.Table:
    checks = lookalike_checks(found) if isinstance(found, LookalikesShown) else prediction_checks(found)
    return tables.validation_table(checks, f"What was checked of {found.score}")


def _figures(data: ReportData) -> dict[str, Figure | list[Figure] | list[list[Figure]] | None]:
    evaluated = [segment for segment in data.segments if not segment.note]
    moments = {point.at for point in data.sizes}
    shown = axis_labels([segment.label.en for segment in data.segments])
    labels = dict(zip((segment.name for segment in data.segments), shown, strict=True))
    sizes = [replace(point, segment=labels.get(point.segment, point.segment)) for point in data.sizes]
    discovery = data.discovery
    names = [persona.name.en for persona in discovery.personas] if discovery else []
    return {
        "sizes": figures.segment_sizes(evaluated, data.currency) if evaluated else None,
        "history": figures.sizes_over_time(sizes) if len(moments) >= _FEWEST_MOMENTS else None,
        "overlap": figures.overlap(data.overlap) if data.overlap and len(data.overlap.names) > 1 else None,
        "intersections": figures.intersections(data.intersections) if data.intersections else None,
        "rfm": figures.rfm_grid(data.rfm, data.currency) if data.rfm else None,
        "map": figures.cluster_map(discovery.map, names) if discovery and discovery.map and names else None,
        "selection": figures.k_selection(discovery) if discovery and discovery.candidates else [],
        "compared": method_figures(discovery) if discovery else [],
        "outcomes": [
            figures.outcomes(number, table, data.currency) for number, table in enumerate(data.outcomes, start=1)
        ],
        "over_time": period_figures.over_time(data.over_time.periods) if data.over_time.periods else [],
        "foretold": [period_figures.foretold(*one) for one in enumerate(data.over_time.conversions, start=1)],
        "values": [figures.value(number, one, data.currency) for number, one in enumerate(data.values, start=1)],
        "predictions": [prediction(number, one) for number, one in enumerate(data.predictions, start=1)],
        # Numbers tell figures apart on one page.
        "labelled": [
            prediction(number, one.shown) if isinstance(one.shown, PredictionShown) else []
            for number, one in enumerate(data.labelled, start=len(data.predictions) + 1)
        ],
        "importance": [figures.importance(number, one) for number, one in enumerate(data.importance, start=1)],
        "scores": figures.source_scores(data.scores) if data.scores else None,
        "reliability": figures.reliability(data.scores) if any(one.loads for one in data.scores) else None,
        "quality": figures.quality(data.findings) if any(one.share is not None for one in data.findings) else None,
    }


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("kohort.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_finalize,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "count": formatting.count,
        "percent": formatting.percent,
        "decimal": formatting.decimal,
        "money": formatting.money,
        "date": formatting.date,
        "timestamp": formatting.timestamp,
        "stability_words": words.stability_words,
        "trait_words": words.trait_words,
        "verdict_words": verdict_words,
        "value_words": value_words,
        "study_words": study_words,
        "fault_words": fault_words,
        "foretelling_words": foretelling_words,
        "group": lambda number: number % len(GROUPS),
    }
    environment.globals |= {"outcome_words": words.outcome_words, "percent_range": formatting.percent_range}
    return environment


def _finalize(value: Any) -> Any:
    return value if isinstance(value, Markup) else formatting.clean(str(value))
