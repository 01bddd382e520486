"""Plans: what applying the files, or going back, would change; nothing is written.

Old and new rules are evaluated as one plan, at one moment and with the statistics of that moment: whoever enters or
leaves does so because of the definitions alone, and what would be stored is what is shown.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from itertools import takewhile
from typing import Final

import numpy as np
import pyarrow.compute as pc

from kohort.clock import Moment
from kohort.definitions.expectation import Expectation
from kohort.definitions.guards import Guards
from kohort.definitions.segment import SegmentDefinition
from kohort.engines.bits import size_of
from kohort.engines.evaluation import Evaluation
from kohort.engines.plan import Bits
from kohort.errors import UnknownNameError
from kohort.pipeline.segments.engine import engine_of
from kohort.pipeline.segments.epochs import declared_segments
from kohort.pipeline.segments.history import before_last, with_version
from kohort.pipeline.segments.people import person_of, user_ids_of
from kohort.pipeline.versions import newest_versions, recorded
from kohort.pipeline.workspace import Workspace
from kohort.rules.parse import parse_rule
from kohort.rules.print import print_rule
from kohort.rules.read import read_rule
from kohort.rules.walk import renamed
from kohort.segments.change_plan import SAMPLE, ChangePlan, SegmentChange
from kohort.segments.changes import (
    Definitions,
    Difference,
    Kind,
    differences,
    downstream_of,
    references_of,
    with_periods,
)
from kohort.segments.expectations import Found, State, Verdict, outcome_of
from kohort.segments.guards import Broken, Effect, broken_guards, near_duplicates

_PEOPLE_FORMS: Final = frozenset({"in", "out"})
_SEGMENT_FORMS: Final = frozenset({"disjoint_from", "subset_of"})


def declared_definitions(workspace: Workspace) -> Definitions:
    """Return what the files would put in force: segments that can be evaluated, and the periods that they name."""
    return with_periods(declared_segments(workspace, workspace.declared).sentences, workspace.settings.periods)


def plan_files(workspace: Workspace, at: Moment, instead: Mapping[str, str] | None = None) -> ChangePlan:
    """Plan to apply the files as of `at`; `instead` has other sentences for segments, in the project's language.

    Raises RuleError for a wrong sentence, UnknownNameError for a test that names an unknown segment.
    """
    others = {name: replace(_declared(workspace, name), where=where) for name, where in (instead or {}).items()}
    declared = {**workspace.declared, **others}
    readable = declared_segments(workspace, declared)
    tests = [(name, test) for name, segment in declared.items() for test in segment.tests]
    for name, test in tests:
        if test.form in _SEGMENT_FORMS and test.name not in declared:
            raise UnknownNameError("segment", test.name, declared, where=f'a test of "{name}"')
    definitions = with_periods(readable.sentences, workspace.settings.periods)
    return _plan(workspace, at, ChangePlan(at, 0, 0, definitions, (), (), left_out=readable.left_out), tests)


def waiting_changes(workspace: Workspace) -> str:
    """Return how many segments the files would change, by what becomes of them ("1 new, 2 changed"); "" for none."""
    force = workspace.in_force()
    found = differences(Definitions(force.sentences, force.periods), declared_definitions(workspace))
    counted = Counter(one.kind.value for one in found if one.kind is not Kind.UNCHANGED)
    return ", ".join(f"{count} {kind}" for kind, count in counted.items())


def plan_rollback(workspace: Workspace, segment: str | None, version: int | None, at: Moment) -> ChangePlan:
    """Plan to go back: one segment to a version (by default the one before), or all to before the last application.

    Raises UnknownNameError or UsageError where there is nothing to go back to.
    """
    target = before_last(workspace) if segment is None else with_version(workspace, segment, version)
    asked = ChangePlan(at, 0, 0, target, (), (), cause="rollback", segment=segment, version=version)
    return _plan(workspace, at, asked, [])


def plan_again(workspace: Workspace, plan: ChangePlan) -> ChangePlan:
    """Make a plan once more, as everything is now."""
    if plan.cause == "rollback":
        return plan_rollback(workspace, plan.segment, plan.version, plan.at)
    return plan_files(workspace, plan.at)


def run_tests(workspace: Workspace, names: Sequence[str], at: Moment) -> tuple[Verdict, ...]:
    """Run the tests of the files' segments (of all, without names) on the files' rules, as of `at`."""
    for name in names:
        _declared(workspace, name)
    return tuple(one for one in plan_files(workspace, at).verdicts if not names or one.segment in names)


def _plan(workspace: Workspace, at: Moment, asked: ChangePlan, tests: Sequence[tuple[str, Expectation]]) -> ChangePlan:
    after, force = asked.definitions, workspace.in_force()
    before = Definitions(force.sentences, force.periods)
    found = differences(before, after)
    touched = {one.segment: one for one in found if one.kind is not Kind.UNCHANGED}
    apart = _apart([name for name in touched if name in before.sentences], {*before.sentences, *after.sentences})
    evaluation = _evaluation(workspace, before, after, apart, at)
    bits = {name: evaluation.members.bits[name] for name in after.sentences}
    nobody = np.zeros_like(evaluation.existing)
    old = {
        name: evaluation.members.bits[apart.get(name, name)] if name in before.sentences else nobody
        for name in (*after.sentences, *touched)
    }
    references, newest = references_of(before, after), newest_versions(workspace.tables)
    named = _named(workspace, evaluation, [(old[name], bits.get(name, nobody)) for name in touched])
    changes = []
    for (name, one), (entering, leaving) in zip(touched.items(), named, strict=True):
        change = _change(one, before, after, old[name], bits.get(name, nobody), newest.get(name))
        downstream = downstream_of(name, references)
        changes.append(replace(change, entering_sample=entering, leaving_sample=leaving, downstream=downstream))
    return replace(
        asked,
        applied=force.seq,
        population=evaluation.population,
        changes=tuple(changes),
        unchanged=tuple(one.segment for one in found if one.kind is Kind.UNCHANGED),
        broken=broken_by(workspace, changes, bits, evaluation, at),
        verdicts=_verdicts(workspace, tests, asked.left_out, bits, evaluation),
    )


def _apart(names: Iterable[str], taken: set[str]) -> dict[str, str]:
    """Return a name for the old form of each of these, so that old and new stand in one plan."""
    found = {}
    for name in names:
        other = f"{name}_in_force"
        while other in taken:
            other += "_"
        found[name] = other
        taken.add(other)
    return found


def _evaluation(
    workspace: Workspace, before: Definitions, after: Definitions, apart: Mapping[str, str], at: Moment
) -> Evaluation:
    """Evaluate what would be in force, and under other names the old form of what changes, with today's statistics."""
    changed = [name for name, days in before.periods.items() if after.periods.get(name, days) != days]
    periods = _apart(changed, {*before.periods, *after.periods})
    sentences = dict(after.sentences)
    for name, other in apart.items():
        sentences[other] = print_rule(renamed(parse_rule(before.sentences[name]), apart, periods))
    catalog = workspace.catalog(sentences)
    old = {periods.get(name, name): days for name, days in before.periods.items()}
    catalog = replace(catalog, periods={**catalog.periods, **old, **after.periods})
    rules = {name: read_rule(sentence, catalog) for name, sentence in sentences.items()}
    return engine_of(workspace, catalog).evaluate(rules, at)


def _change(
    one: Difference, before: Definitions, after: Definitions, old: Bits, new: Bits, newest: tuple[int, str] | None
) -> SegmentChange:
    version, said = newest or (0, "")
    now = after.sentences.get(one.segment)
    return SegmentChange(
        segment=one.segment,
        kind=one.kind,
        through=one.through,
        version=version if now in {None, said} else version + 1,
        before=before.sentences.get(one.segment),
        after=now,
        size_before=size_of(old),
        size_after=size_of(new),
        entering=size_of(new & ~old),
        leaving=size_of(old & ~new),
        entering_sample=(),
        leaving_sample=(),
        downstream=(),
    )


def _named(
    workspace: Workspace, evaluation: Evaluation, pairs: Sequence[tuple[Bits, Bits]]
) -> list[tuple[tuple[str, ...], tuple[str, ...]]]:
    """Return for each (old, new) the user ids of a few who enter and of a few who leave."""
    sets = {(number, way): bits for number, (old, new) in enumerate(pairs) for way, bits in
            (("in", new & ~old), ("out", old & ~new))}  # fmt: skip
    few = {key: _first(evaluation, bits) for key, bits in sets.items()}
    users = user_ids_of(workspace, sorted({person for people in few.values() for person in people}))
    shown = {key: tuple(users.get(person) or person for person in people) for key, people in few.items()}
    return [(shown[number, "in"], shown[number, "out"]) for number in range(len(pairs))]


def _first(evaluation: Evaluation, bits: Bits) -> list[str]:
    return evaluation.members.first_of(bits, SAMPLE)


def broken_by(
    workspace: Workspace,
    changes: Sequence[SegmentChange],
    bits: Mapping[str, Bits],
    evaluation: Evaluation,
    at: Moment,
) -> tuple[Broken, ...]:
    """Return the guard rails that changes of members break; `bits` are those that segments would have."""
    changed = {one.segment: one for one in changes}
    declared, project = workspace.declared, workspace.settings.guards
    guards = {name: project.refined(declared[name].guards if name in declared else Guards()) for name in bits}
    touched = [name for name in bits if name in changed]
    effects = {}
    for name, inside in bits.items():
        size, change = size_of(inside), changed.get(name)
        empty = 0 if size else _empty_for(workspace, name, at)
        effects[name] = (
            Effect(size, size, 0, 0, touched=False, empty=empty)
            if change is None
            else Effect(change.size_before, size, change.entering, change.leaving, empty=empty)
        )
    pairs = near_duplicates(bits, touched, guards)
    return broken_guards(effects, evaluation.population, pairs, guards)


def _empty_for(workspace: Workspace, name: str, at: Moment) -> int:
    """Return for how long, up to `at`, every run has found nobody in a segment."""
    sizes = recorded(workspace.tables, "segment_sizes")
    rows = sizes.filter(pc.equal(sizes.column("segment"), name)).sort_by("seq").to_pylist()
    empty = list(takewhile(lambda row: row["size"] == 0, reversed(rows)))
    return max(0, at - min(row["at"] for row in empty)) if empty else 0


def _verdicts(
    workspace: Workspace,
    tests: Sequence[tuple[str, Expectation]],
    left_out: Mapping[str, str],
    bits: Mapping[str, Bits],
    evaluation: Evaluation,
) -> tuple[Verdict, ...]:
    people = evaluation.members.people
    places: dict[str, int | None] = {}
    for _, test in tests:
        if test.form in _PEOPLE_FORMS and test.name not in places:
            try:
                place = pc.index(people, person_of(workspace, test.name)).as_py()
                places[test.name] = None if place < 0 else place
            except UnknownNameError:
                places[test.name] = None
    found = Found(bits, evaluation.existing, places)
    return tuple(
        Verdict(name, test.words, State.SKIPPED, left_out[name]) if name in left_out else outcome_of(name, test, found)
        for name, test in tests
    )


def _declared(workspace: Workspace, name: str) -> SegmentDefinition:
    if name not in workspace.declared:
        raise UnknownNameError("segment", name, workspace.declared)
    return workspace.declared[name]
