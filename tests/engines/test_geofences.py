"""Circles, polygons and cells: exact on corners and edges, the same in every engine."""

import sys
from fractions import Fraction

import h3
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.definitions.values import MICRO, ValueType, micros_of
from kohort.engines.criteria import is_located
from kohort.engines.reference import Person, Reference, TraitValue, Typed
from kohort.engines.sql.engine import SqlEngine
from kohort.errors import DefinitionError, MissingExtraError
from kohort.rules.catalog import Catalog
from kohort.rules.cells import check_cell
from kohort.rules.nodes import InCell, InPolygon
from kohort.rules.polygons import Corner
from kohort.rules.read import read_rule
from kohort.storage.connections import open_duckdb
from kohort.storage.stores import DuckStore
from kohort.testing.relations import create_relations
from kohort.testing.worlds import World

CONNECTION = open_duckdb(threads=1)
CATALOG = Catalog(traits={"home.latitude": ValueType.NUMBER, "home.longitude": ValueType.NUMBER})
BASTILLE = "881fb46625fffff"


def number(name: str, value: float | str) -> TraitValue:
    return TraitValue(name, name, 0, Typed(ValueType.NUMBER, Fraction(micros_of(value), MICRO)))


def at_home(latitude: float | str | None, longitude: float | str | None) -> Person:
    given_traits = (("home.latitude", latitude), ("home.longitude", longitude))
    return Person("ada", 0, (), tuple(number(name, value) for name, value in given_traits if value is not None))


def holds(sentence: str, person: Person) -> bool:
    """Return whether a rule is true of a person, on which both engines agree."""
    rules = {"rule": read_rule(sentence, CATALOG)}
    create_relations(CONNECTION, World((person,), {}, CATALOG, rules, 0))
    found = SqlEngine(DuckStore(CONNECTION), CATALOG).evaluate(rules, 0).members["rule"].to_pylist()
    assert found == Reference((person,), CATALOG, 0).evaluate(rules)["rule"]
    return bool(found)


TRIANGLE = "home within polygon ((0, 0), (0, 3), (3, 0))"
BOW_TIE = "home within polygon ((0, 0), (2, 2), (2, 0), (0, 2))"
RING = "home within polygon ((0, 0), (0, 4), (4, 4), (4, 0), (0, 0), (1, 1), (1, 3), (3, 3), (3, 1), (1, 1))"


@pytest.mark.parametrize(
    ("sentence", "latitude", "longitude", "inside"),
    [
        (TRIANGLE, 1, 1, True),
        (TRIANGLE, 0, 0, True),  # a corner
        (TRIANGLE, 0, 1.5, True),  # an edge along a parallel
        (TRIANGLE, 1.5, 1.5, True),  # on the slanting edge
        (TRIANGLE, "1.500001", 1.5, False),  # a tenth of a metre beyond it
        (TRIANGLE, 0, "3.000001", False),  # on the line of an edge, not on the edge
        (TRIANGLE, -1, 0, False),
        (TRIANGLE, 1, None, False),
        (TRIANGLE, None, None, False),
        (BOW_TIE, 1, 1, True),  # where the edges cross
        (BOW_TIE, "0.5", "1", True),
        (BOW_TIE, "1", "0.5", False),
        (BOW_TIE, "1.5", 1, True),
        (RING, 2, 2, False),  # an inner ring is a hole
        (RING, "0.5", 2, True),
        ("home within polygon ((-90, -180), (-90, 0), (90, 0), (90, -180))", 90, -180, True),
        ("home within polygon ((-90, -180), (-90, 0), (90, 0), (90, -180))", 90, 180, False),  # the plane has edges
        ("home within polygon ((-90, -180), (-90, 0), (90, 0), (90, -180))", "90.000001", -10, False),  # not on Earth
        ("home within polygon ((1, 1), (1, 1), (1, 1))", 1, 1, True),
        (f'home in cell "{BASTILLE}"', 48.8566, 2.3522, True),
        (f'home in cell "{BASTILLE}"', 48.9, 2.3522, False),
        (f'home in cell "{BASTILLE}"', None, 2.3522, False),
        (f'not home in cell "{BASTILLE}"', None, 2.3522, True),
        ('home in cell "8075fffffffffff"', 0, 0, True),
    ],
)
def test_where_somebody_is(
    sentence: str, latitude: float | str | None, longitude: float | str | None, inside: bool
) -> None:
    assert holds(sentence, at_home(latitude, longitude)) is inside


SMALL = st.integers(-3, 3)
CLOSE = st.integers(-3 * MICRO, 3 * MICRO)
DEGREE = SMALL.map(lambda degrees: degrees * MICRO) | SMALL | CLOSE


@settings(max_examples=200, deadline=None)
@given(
    st.lists(st.builds(Corner, DEGREE, DEGREE), min_size=3, max_size=8).map(tuple),
    st.lists(st.tuples(DEGREE, DEGREE), min_size=1, max_size=20),
)
def test_a_polygon_is_exact_to_the_last_micro(corners: tuple[Corner, ...], points: list[tuple[int, int]]) -> None:
    polygon = InPolygon("home", corners)
    latitudes, longitudes = np.array(points, dtype=np.float64).T / MICRO
    found = is_located(polygon, latitudes, longitudes).tolist()
    reference = Reference((), CATALOG, 0)
    people = [at_home(f"{north / MICRO:f}", f"{east / MICRO:f}") for north, east in points]
    assert found == [reference.holds(polygon, person) for person in people]


@settings(max_examples=100, deadline=None)
@given(
    st.floats(-90, 90),
    st.floats(-180, 180),
    st.integers(0, 15),
    st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=1, max_size=10),
)
def test_a_cell_holds_the_points_that_its_library_puts_there(
    latitude: float, longitude: float, resolution: int, steps: list[tuple[float, float]]
) -> None:
    cell = h3.latlng_to_cell(latitude, longitude, resolution)
    size = np.degrees(h3.edge_length(h3.origin_to_directed_edges(cell)[0], unit="rads"))
    points = [(latitude, longitude)] + [
        (max(-90.0, min(90.0, latitude + north * size)), max(-180.0, min(180.0, longitude + east * size)))
        for north, east in steps
    ]
    latitudes, longitudes = np.array(points).T
    found = is_located(InCell("home", cell), latitudes, longitudes).tolist()
    assert found == [h3.latlng_to_cell(*point, resolution) == cell for point in points]


def accepted(cell: str) -> bool:
    try:
        check_cell(cell)
    except DefinitionError:
        return False
    return True


DIGITS = st.integers(0, 2**64 - 1).map(lambda bits: f"{bits:x}")


@st.composite
def nearly_cells(draw: st.DrawFn) -> str:
    """Cells of which one bit, or one digit of the grid, may be another."""
    base, resolution = draw(st.integers(0, 127)), draw(st.integers(0, 15))
    digits = [draw(st.integers(0, 6)) for _ in range(resolution)] + [7] * (15 - resolution)
    if draw(st.booleans()):
        digits[draw(st.integers(0, 14))] = draw(st.integers(0, 7))
    index = 1 << 59 | resolution << 52 | base << 45
    for level, digit in enumerate(digits):
        index |= digit << 3 * (14 - level)
    return f"{index ^ draw(st.sampled_from((0, 0, 1 << draw(st.integers(0, 62))))):x}"


@settings(max_examples=500, deadline=None)
@given(DIGITS | nearly_cells() | st.text(max_size=16))
def test_a_cell_is_accepted_if_and_only_if_the_library_knows_it(cell: str) -> None:
    written_so = len(cell) == 15 and set(cell) <= set("0123456789abcdef")
    assert accepted(cell) == (written_so and h3.is_valid_cell(cell))


@pytest.mark.parametrize("pentagon", h3.get_pentagons(3))
def test_the_direction_that_a_pentagon_lacks_is_refused(pentagon: str) -> None:
    assert accepted(pentagon)
    assert not accepted(f"{int(pentagon, 16) | 1 << 36:x}")


def test_without_the_library_the_error_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "h3", None)
    here = np.array([48.8566]), np.array([2.3522])
    with pytest.raises(MissingExtraError, match=r'pip install "kohort\[people\]"'):
        is_located(InCell("home", BASTILLE), *here)


def test_an_explanation_shows_where_the_person_is() -> None:
    person = at_home(48.8566, 2.3522)
    create_relations(CONNECTION, World((person,), {}, CATALOG, {}, 0))
    engine = SqlEngine(DuckStore(CONNECTION), CATALOG)
    for sentence, holds_so, value in (
        ("home within polygon ((48, 2), (49, 2), (49, 3))", True, "(48.8566, 2.3522)"),
        ('home in cell "881fb46761fffff"', False, BASTILLE),
        ('not home in cell "8075fffffffffff"', True, None),
    ):
        found = engine.explain(read_rule(sentence, CATALOG), "ada", 0)
        assert (found.holds, found.value) == (holds_so, value)
