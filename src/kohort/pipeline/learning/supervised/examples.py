"""Of whom somebody said yes or no: the rows of a file, or the members of two segments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pyarrow as pa
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.collection.rows import Rows, concatenated, trimmed
from kohort.collection.tables import open_rows
from kohort.definitions.identity import ANONYMOUS, USER
from kohort.definitions.supervised import ExamplesDefinition, SupervisedDefinition
from kohort.errors import InputError
from kohort.pipeline.declared_files import declared_file
from kohort.pipeline.learning.example_files import positive_of
from kohort.pipeline.learning.feature_files import check_columns
from kohort.pipeline.learning.seeds import SeedRules
from kohort.pipeline.learning.supervised.documents import NONE, Dropped
from kohort.pipeline.segments.evaluation import evaluator
from kohort.pipeline.workspace import Workspace
from kohort.profiles.identity import actor_id_of


@dataclass(frozen=True)
class SaidExamples:
    """Whether each person was said yes to, by person id, and the examples that are of no use.

    `unknown` name nobody, `unsaid` have no answer, and `contradicted` are of people of whom both were said.
    """

    said: Mapping[str, bool]
    unknown: Dropped = NONE
    unsaid: Dropped = NONE
    contradicted: Dropped = NONE


def said_examples(workspace: Workspace, definition: SupervisedDefinition, seeds: SeedRules, at: Moment) -> SaidExamples:
    """Return the examples of a score as of `at`.

    Raises DefinitionError for a file that is not there, InputError for one that cannot be read, or whose answers are
    not two, UsageError for a column that it has not.
    """
    if definition.examples is not None:
        return _of_file(workspace, definition.examples)
    members = evaluator(workspace, workspace.catalog())(seeds.rules, at).members
    yes, no = (set(members[name].to_pylist()) for name in definition.seeds)
    both = yes & no
    said = {person: person in yes for person in sorted((yes | no) - both)}
    return SaidExamples(said, contradicted=Dropped(len(both)))


def _of_file(workspace: Workspace, declared: ExamplesDefinition) -> SaidExamples:
    path = declared_file(workspace, declared.file)
    rows = concatenated(list(open_rows(path)))
    check_columns(path, rows, [declared.person, declared.label])
    ids, told = (trimmed(rows.columns[name].texts()).to_pylist() for name in (declared.person, declared.label))
    answers = [one for one in told if one is not None]
    if not answers:
        raise InputError(f"{path}: no row has a {declared.label}; write yes or no for each example")
    yes = positive_of(path, declared.label, answers, declared.positive or None)
    people = _people(workspace, [one for one in ids if one is not None])
    unknown, unsaid, answered = [], [], {}
    for row, (identifier, answer) in enumerate(zip(ids, told, strict=True)):
        if identifier is None or identifier not in people:
            unknown.append(rows.place(row))
        elif answer is None:
            unsaid.append(rows.place(row))
        else:
            answered[row] = (people[identifier], answer == yes)
    said, contradicted = _agreed(rows, answered)
    return SaidExamples(said, Dropped.of(unknown), Dropped.of(unsaid), contradicted)


def _agreed(rows: Rows, answered: Mapping[int, tuple[str, bool]]) -> tuple[dict[str, bool], Dropped]:
    """Return what was said of each person, of whom only one thing was said, and the rows of all others."""
    found: dict[str, set[bool]] = {}
    for person, answer in answered.values():
        found.setdefault(person, set()).add(answer)
    said = {person: True in answers for person, answers in sorted(found.items()) if len(answers) == 1}
    return said, Dropped.of([rows.place(row) for row, (person, _) in answered.items() if person not in said])


def _people(workspace: Workspace, identifiers: Sequence[str]) -> dict[str, str]:
    """Return the person of each identifier that is known: a user id, a person id or an anonymous id, in that order."""
    ways = (lambda text: actor_id_of(USER, text), lambda text: text, lambda text: actor_id_of(ANONYMOUS, text))
    actors = workspace.tables.read("actors").select(["actor_id", "person_id"])
    found: dict[str, str] = {}
    for way in reversed(ways):
        asked = {way(text): text for text in identifiers}
        rows = actors.filter(pc.is_in(actors.column("actor_id"), value_set=pa.array(list(asked), pa.string())))
        pairs = zip(rows.column("actor_id").to_pylist(), rows.column("person_id").to_pylist(), strict=True)
        found |= {asked[actor]: person for actor, person in pairs}
    return found
