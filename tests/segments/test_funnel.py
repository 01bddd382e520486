"""The funnel of a rule: what each condition keeps and drops, told as a marketer reads it, and held to the reference."""

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given

from kohort.engines.bits import everyone
from kohort.engines.kernel.choice import plain_kernels
from kohort.engines.kernel.engine import KernelEngine
from kohort.engines.plan import Bits
from kohort.engines.reference import Person, Reference
from kohort.engines.sql.engine import SqlEngine
from kohort.rules.catalog import Catalog
from kohort.rules.nodes import And, InSegment, Not, Or, Rule
from kohort.rules.parse import parse_rule
from kohort.rules.read import segments_of
from kohort.segments.funnel import FunnelLine, Role, conditions_of, funnel_of
from kohort.storage.connections import open_duckdb
from kohort.storage.stores import DuckStore
from kohort.testing.columns import history_of
from kohort.testing.relations import create_relations
from kohort.testing.suite.base import examples
from kohort.testing.worlds import World, worlds

CONNECTION = open_duckdb(threads=1)
PEOPLE = {"ada": {"a", "b", "c"}, "bob": {"a", "b"}, "cid": {"a"}, "dan": {"b", "c"}, "eve": set[str]()}
"""Who did which of the events a, b and c."""


def lines(sentence: str, **segments: str) -> list[tuple[str, int, int, int, int | None]]:
    """Return the funnel of a sentence over `PEOPLE`: condition, before, kept, alone, without it."""
    rules = {name: parse_rule(where) for name, where in segments.items()}
    rule = parse_rule(sentence)
    holds = {one: bits_of(one, rules) for one in conditions_of(rule, rules)}
    return [
        ("  " * line.depth + f"{line.joined} {line.sentence}".strip(), line.before, line.kept, line.alone, line.without)
        for line in funnel_of(rule, rules, holds, everyone(len(PEOPLE)))
    ]


def bits_of(rule: Rule, segments: dict[str, Rule]) -> Bits:
    return np.packbits([holds(rule, did, segments) for did in PEOPLE.values()], bitorder="little")


def holds(rule: Rule, did: set[str], segments: dict[str, Rule]) -> bool:
    match rule:
        case And(parts=parts):
            return all(holds(part, did, segments) for part in parts)
        case Or(parts=parts):
            return any(holds(part, did, segments) for part in parts)
        case Not(part=part):
            return not holds(part, did, segments)
        case InSegment(name=name):
            return holds(segments[name], did, segments)
        case leaf:
            return getattr(leaf, "event", "") in did


def test_an_and_keeps_fewer_and_fewer() -> None:
    assert lines("did a and did b and did c") == [
        ("did a and did b and did c", 5, 1, 1, None),
        ("  did a", 5, 3, 3, 1),  # dan would be in but for it
        ("  and did b", 3, 2, 3, 0),
        ("  and did c", 2, 1, 2, 1),  # bob would be in but for it
    ]


def test_an_or_takes_more_and_more() -> None:
    assert lines("did a or did b or did c") == [
        ("did a or did b or did c", 5, 4, 4, None),
        ("  did a", 5, 3, 3, -1),  # cid is in by it alone
        ("  or did b", 2, 1, 3, 0),  # it adds dan, whom did c would add as well
        ("  or did c", 1, 0, 2, 0),
    ]


def test_a_part_with_parts_shows_them_below_it_for_those_who_come_to_it() -> None:
    assert lines("did b and (did a or did c)") == [
        ("did b and (did a or did c)", 5, 3, 3, None),
        ("  did b", 5, 3, 3, 1),
        ("  and did a or did c", 3, 3, 4, 0),
        ("    did a", 3, 2, 3, -1),  # without it, bob is out
        ("    or did c", 1, 1, 2, -1),  # without it, dan is out
    ]


def test_under_not_a_part_of_an_and_keeps_people_in() -> None:
    assert lines("not (did a and did b)") == [
        ("not (did a and did b)", 5, 3, 3, None),
        ("  did a and did b", 5, 2, 2, None),
        ("    did a", 5, 3, 3, -1),  # without it, dan is out
        ("    and did b", 3, 2, 3, -1),  # without it, cid is out
    ]


def test_a_segment_is_opened_and_only_once() -> None:
    assert lines('in segment "buyers" and not in segment "buyers"', buyers="did a or did b") == [
        ('in segment "buyers" and not in segment "buyers"', 5, 0, 0, None),
        ('  in segment "buyers"', 5, 4, 4, 1),
        ("    did a or did b", 5, 4, 4, None),
        ("      did a", 5, 3, 3, 0),
        ("      or did b", 2, 1, 3, 0),
        ('  and not in segment "buyers"', 4, 0, 1, 4),
        ('    in segment "buyers"', 4, 4, 4, None),
    ]


@pytest.mark.parametrize("sentence", ["did a", "not did a"])
def test_a_single_condition_is_one_line(sentence: str) -> None:
    assert [line[0] for line in lines(sentence)] == [sentence]


def tries(world: World) -> Iterator[tuple[Rule, tuple[FunnelLine, ...], Reference]]:
    """Yield each rule of a world with its funnel, from one evaluation by each engine, and the reference."""
    create_relations(CONNECTION, world)
    engines = (
        SqlEngine(DuckStore(CONNECTION), world.catalog),
        KernelEngine(history_of(world), world.catalog, plain_kernels()),
    )
    for rule in world.rules.values():
        segments = segments_of([rule], world.catalog)
        names = {one: str(number) for number, one in enumerate(conditions_of(rule, segments))}
        asked = {name: one for one, name in names.items()}
        for engine in engines:
            found = engine.evaluate(asked, world.at)
            bits = {one: found.members.bits[name] for one, name in names.items()}
            funnel = funnel_of(rule, segments, bits, found.existing)
            yield rule, funnel, Reference(world.people, world.catalog, world.at)


HELD = examples(25)


@HELD
@given(worlds(most_rules=3))
def test_every_line_counts_whom_the_reference_counts(world: World) -> None:
    for rule, funnel, reference in tries(world):
        counted = [
            (len(come), len([one for one in come if reference.holds(part, one)]), len(alone(part, reference)))
            for part, come in walked(rule, world.catalog, reference)
        ]
        assert [(line.before, line.kept, line.alone) for line in funnel] == counted


@HELD
@given(worlds(most_rules=3))
def test_the_last_count_is_the_size(world: World) -> None:
    for rule, funnel, reference in tries(world):
        size = len(alone(rule, reference))
        outer = [line for line in funnel if line.depth == 1]
        assert funnel[0].kept == funnel[0].alone == size
        if isinstance(rule, And):
            assert outer[-1].kept == size
            assert [line.before for line in outer[1:]] == [line.kept for line in outer[:-1]]
        elif isinstance(rule, Or):
            assert sum(line.kept for line in outer) == size


@HELD
@given(worlds(most_rules=3))
def test_without_a_condition_the_size_changes_by_as_much_as_its_line_says(world: World) -> None:
    for rule, funnel, reference in tries(world):
        size = len(alone(rule, reference))
        said = [line.without for line in funnel if line.role in {Role.AND, Role.OR}]
        shorter = [len(alone(one, reference)) - size for one in with_one_part_less(rule, lambda one: one, set(), world)]
        assert said == shorter


def alone(rule: Rule, reference: Reference) -> list[Person]:
    return [person for person in reference.existing if reference.holds(rule, person)]


def walked(rule: Rule, catalog: Catalog, reference: Reference) -> list[tuple[Rule, list[Person]]]:
    """Return every condition in the order of the funnel, with the people who come to it: one person after another."""
    found: dict[int, tuple[Rule, list[Person]]] = {}
    for person in reference.existing:
        for number, (part, comes) in enumerate(steps(rule, person, catalog, reference, set(), comes=True)):
            found.setdefault(number, (part, []))[1].extend([person] if comes else [])
    return list(found.values()) or [(part, []) for part in order(rule, catalog, set())]


def steps(
    rule: Rule, person: Person, catalog: Catalog, reference: Reference, opened: set[str], *, comes: bool
) -> Iterator[tuple[Rule, bool]]:
    """Yield every condition below `rule`, itself first, and whether `person` comes to it."""
    yield rule, comes
    for part in shown_below(rule, catalog, opened):
        yield from steps(part, person, catalog, reference, opened, comes=comes)
        if isinstance(rule, And):
            comes = comes and reference.holds(part, person)
        elif isinstance(rule, Or):
            comes = comes and not reference.holds(part, person)


def order(rule: Rule, catalog: Catalog, opened: set[str]) -> Iterator[Rule]:
    yield rule
    for part in shown_below(rule, catalog, opened):
        yield from order(part, catalog, opened)


def shown_below(rule: Rule, catalog: Catalog, opened: set[str]) -> tuple[Rule, ...]:
    match rule:
        case And(parts=parts) | Or(parts=parts):
            return parts
        case Not(part=And() | Or() | Not() | InSegment() as part):
            return (part,)
        case InSegment(name=name) if name not in opened:
            opened.add(name)
            return (segments_of([rule], catalog)[name],)
        case _:
            return ()


def with_one_part_less(rule: Rule, put: Callable[[Rule], Rule], opened: set[str], world: World) -> Iterator[Rule]:
    """Yield the whole rule with one part of an `and` or an `or` left out, in the order of the funnel."""
    match rule:
        case And(parts=parts) | Or(parts=parts):
            for number, part in enumerate(parts):
                rest = (*parts[:number], *parts[number + 1 :])
                yield put(replace(rule, parts=rest) if len(rest) > 1 else rest[0])
                yield from with_one_part_less(part, put_part(rule, number, put), opened, world)
        case Not(part=part) if shown_below(rule, world.catalog, set()):
            yield from with_one_part_less(part, lambda one: put(Not(one)), opened, world)
        case InSegment():
            for inner in shown_below(rule, world.catalog, opened):
                yield from with_one_part_less(inner, put, opened, world)
        case _:
            return


def put_part(rule: And | Or, number: int, put: Callable[[Rule], Rule]) -> Callable[[Rule], Rule]:
    return lambda one: put(replace(rule, parts=(*rule.parts[:number], one, *rule.parts[number + 1 :])))
