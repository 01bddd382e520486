"""Psychographic traits: what people write, read on this machine, and what they answer in surveys."""

from collections import defaultdict
from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.answers import AnswerSource
from kohort.definitions.score import PsychographicDefinition
from kohort.definitions.survey import SurveyDefinition, SurveyMeasure
from kohort.definitions.texts import LANGUAGES, TextsDefinition
from kohort.definitions.values import MICRO, ValueType
from kohort.errors import DefinitionError
from kohort.learning.texts.model import Reading, read_texts
from kohort.learning.texts.summary import TextsSummary, summary_of
from kohort.pipeline.enrichment.repairs import FileTable
from kohort.pipeline.facts import dated_trait, event_facts
from kohort.pipeline.workspace import Workspace
from kohort.quality.surveys import survey_findings
from kohort.rules.catalog import Catalog
from kohort.stats.scales import DETRACTOR, PROMOTER, Values, scale_scores, turned_answers
from kohort.storage.records import Finding

Written = dict[str, list[tuple[Moment, str, str]]]
"""What each person wrote: when, the text, and its language if it is declared."""


def psychographic_waits_for(catalog: Catalog, definition: PsychographicDefinition) -> list[str]:
    """Return the events and traits that a score needs and no data have shown; texts need one of theirs only."""
    sources = definition.sources if isinstance(definition, TextsDefinition) else definition.items
    missing = [one.event or one.trait for one in sources if not _is_known(catalog, one)]
    if isinstance(definition, TextsDefinition) and len(missing) < len(sources):
        return []
    return list(dict.fromkeys(missing))


def psychographic_traits(
    workspace: Workspace, definition: PsychographicDefinition, at: Moment
) -> tuple[FileTable, list[Finding]]:
    """Return the traits that `definition` writes as of `at`, and what was found.

    Raises UnknownNameError and DefinitionError for properties that there are not, or of another type;
    MissingExtraError for texts without the extra `[text]`.
    """
    if isinstance(definition, SurveyDefinition):
        return _survey_traits(workspace, definition, at)
    return _text_traits(workspace, definition, at)


def _is_known(catalog: Catalog, source: AnswerSource) -> bool:
    return source.event in catalog.events if source.event else source.trait in catalog.traits


def _answers(
    views: duckdb.DuckDBPyConnection, catalog: Catalog, source: AnswerSource, kind: ValueType, at: Moment, where: str
) -> pa.Table:
    """Return what was said in one place: person_id, ts, value and perhaps language, by person and time."""
    if source.event:
        wanted = {"value": (source.name, kind)}
        if source.language:
            wanted["language"] = (source.language, ValueType.TEXT)
        said = event_facts(views, catalog, source.event, wanted, at=at, where=where)
        return said.filter(pc.is_valid(said.column("value")))
    if catalog.traits[source.trait] is not kind:
        raise DefinitionError(
            f"{where}: the trait {source.trait} should be a {kind} and is a {catalog.traits[source.trait]}"
        )
    return dated_trait(views, source.trait, kind, at=at)


def _text_traits(workspace: Workspace, definition: TextsDefinition, at: Moment) -> tuple[FileTable, list[Finding]]:
    written = _written(workspace, definition, at)
    # The same words in the same language are read once, whoever wrote them.
    distinct = list(dict.fromkeys((text, language) for texts in written.values() for _, text, language in texts))
    readings = dict(
        zip(distinct, read_texts([text for text, _ in distinct], [language for _, language in distinct]), strict=True)
    )
    summaries: dict[str, TextsSummary] = {}
    everything: list[Reading] = []
    for person, texts in sorted(written.items()):
        read = [readings[text, language] for _, text, language in sorted(texts)]
        everything += read
        summary = summary_of(read)
        if summary.texts >= definition.minimum:
            summaries[person] = summary
    return _text_file(definition.name, summaries), [_texts_finding(definition.name, everything)]


def _written(workspace: Workspace, definition: TextsDefinition, at: Moment) -> Written:
    catalog, where = workspace.catalog({}), f'score "{definition.name}"'
    written: Written = defaultdict(list)
    with workspace.views(catalog) as views:
        for source in definition.sources:
            if not _is_known(catalog, source):
                continue
            said = _answers(views, catalog, source, ValueType.TEXT, at, where)
            said = said.filter(pc.greater(said.column("ts"), at - definition.window))
            declared = said.column("language").to_pylist() if source.language else [None] * said.num_rows
            rows = zip(*(said.column(name).to_pylist() for name in ("person_id", "ts", "value")), declared, strict=True)
            for person, moment, text, language in rows:
                # "fr-FR" is French; a language that is not read is left to the words.
                told = (language or definition.language).lower()[:2]
                written[person].append((moment, text, told if told in LANGUAGES else definition.language))
    return written


def _text_file(name: str, summaries: dict[str, TextsSummary]) -> FileTable:
    found = list(summaries.values())
    file = FileTable(pa.chunked_array([pa.array(summaries, pa.string())]))
    file.add(f"{name}_texts", ValueType.NUMBER, _micros([float(one.texts) for one in found]))
    file.add(f"{name}_sentiment", ValueType.NUMBER, _micros([one.sentiment for one in found]))
    file.add(f"{name}_negative_share", ValueType.NUMBER, _micros([one.negative_share for one in found]))
    file.add(f"{name}_newest", ValueType.TEXT, _texts([one.newest for one in found]))
    file.add(f"{name}_theme", ValueType.TEXT, _texts([one.themes[0] if one.themes else None for one in found]))
    file.add(f"{name}_themes", ValueType.TEXT_LIST, _lists([one.themes for one in found]))
    file.add(f"{name}_interests", ValueType.TEXT_LIST, _lists([one.interests for one in found]))
    return file


def _texts_finding(name: str, readings: list[Reading]) -> Finding:
    unread = sum(not one.language for one in readings)
    unclear = sum(one.sentiment is None for one in readings)
    share = unclear / len(readings) if readings else 0.0
    detail = (
        f"of {len(readings):,} texts {unclear:,} ({100 * share:.1f} %) have no clear sentiment, {unread:,} of them "
        "because they are in no language that is read"
    )
    return Finding("texts read", "traits", name, "info", unclear, share, detail)


def _survey_traits(workspace: Workspace, definition: SurveyDefinition, at: Moment) -> tuple[FileTable, list[Finding]]:
    people, told = _told(workspace, definition, at)
    answers = turned_answers(
        told, [one.reversed for one in definition.items], lowest=definition.lowest, highest=definition.highest
    )
    name, file = definition.name, FileTable(pa.chunked_array([pa.array(people, pa.string())]))
    if definition.measure is SurveyMeasure.SCALE:
        file.add(f"{name}_score", ValueType.NUMBER, _micros(scale_scores(answers, minimum=definition.minimum)))
        file.add(f"{name}_answered", ValueType.NUMBER, _micros((~np.isnan(answers)).sum(axis=1)))
    else:
        answer = answers[:, 0]
        known = ~np.isnan(answer)
        file.add(f"{name}_answer", ValueType.NUMBER, _micros(answer))
        if definition.measure is SurveyMeasure.NPS:
            groups = np.select([answer >= PROMOTER, answer <= DETRACTOR], ["promoter", "detractor"], "passive")
            file.add(f"{name}_group", ValueType.TEXT, pa.array(groups.tolist(), pa.string(), mask=~known))
        else:
            file.add(f"{name}_satisfied", ValueType.BOOLEAN, pa.array(answer >= definition.highest - 1, mask=~known))
    return file, survey_findings(definition, told, answers)


def _told(workspace: Workspace, definition: SurveyDefinition, at: Moment) -> tuple[list[str], Values]:
    """Return who answered any item, and each one's newest answers as told, NaN for none: shape (people, items)."""
    catalog, where = workspace.catalog({}), f'score "{definition.name}"'
    newest: list[dict[str, int]] = []
    with workspace.views(catalog) as views:
        for item in definition.items:
            said = _answers(views, catalog, item, ValueType.NUMBER, at, where)
            # By person and time: of several answers the last stays.
            newest.append(
                dict(zip(said.column("person_id").to_pylist(), said.column("value").to_pylist(), strict=True))
            )
    people = sorted({person for item in newest for person in item})
    told = [[item[person] / MICRO if person in item else np.nan for item in newest] for person in people]
    return people, np.array(told, dtype=np.float64).reshape(len(people), len(newest))


def _micros(values: np.ndarray | Sequence[float | None]) -> pa.Array:
    numbers = np.array(values, dtype=np.float64)
    missing = np.isnan(numbers)
    return pa.array(np.rint(np.where(missing, 0.0, numbers) * MICRO).astype(np.int64), mask=missing)


def _texts(values: Sequence[str | None]) -> pa.Array:
    return pa.array([None if one is None else str(one) for one in values], pa.string())


def _lists(values: list[tuple[str, ...]]) -> pa.Array:
    return pa.array([list(one) for one in values], pa.list_(pa.string()))
