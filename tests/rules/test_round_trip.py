"""Law: what is printed is read back as the same tree, whatever the names and values."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from kohort.definitions.values import MICRO, ValueType
from kohort.errors import RuleError
from kohort.rules.catalog import Catalog
from kohort.rules.check import check_rule
from kohort.rules.languages import Language
from kohort.rules.literals import Number, Text
from kohort.rules.nodes import Aggregate, And, Comparison, Did, InSegment, Not, Or, Rule, Trait
from kohort.rules.operators import Function, Operator
from kohort.rules.parse import parse_rule
from kohort.rules.print import print_rule
from kohort.rules.read import read_rule
from kohort.testing.random_rules import rules
from kohort.testing.suite.base import scaled

WORDS = ("and", "not", "did", "in", "count", "score of", "mean", "true", "days since last", "a.b", "2", "é", "trait")
NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=12) | st.sampled_from(WORDS)
HOSTILE = (
    '"',
    "`",
    "\\",
    "\0",
    "'; DROP TABLE x --",
    "a`b\\`c",
    "\n",
    "\\n",
    "\\u0041",
    "🦊",
    ".",
    "a..b",
    "x" * 10_000,
)


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    types = st.lists(st.sampled_from(ValueType), min_size=1, max_size=2, unique=True)
    properties = st.dictionaries(NAMES, types.map(lambda found: dict.fromkeys(found, "column")), max_size=3)
    return Catalog(
        events=draw(st.dictionaries(NAMES, properties, min_size=1, max_size=2)),
        traits=draw(st.dictionaries(NAMES, st.sampled_from(ValueType), max_size=3)),
        segments=draw(st.dictionaries(NAMES, st.just("x exists"), max_size=2)),
    )


@settings(max_examples=scaled(60), deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.data())
def test_a_printed_rule_reads_back_as_the_same_tree(data: st.DataObject) -> None:
    catalog = data.draw(catalogs())
    rule = data.draw(rules(catalog))
    for language in Language:
        assert parse_rule(print_rule(rule, language), language) == rule
    assert check_rule(rule, catalog) == rule


@pytest.mark.parametrize("name", [*HOSTILE, *WORDS])
def test_a_hostile_name_or_text_reads_back(name: str) -> None:
    rule = And(
        (
            Comparison(Trait(name), Operator.EQUAL, Text(name)),
            Comparison(Aggregate(Function.SUM, name, name), Operator.MORE, Number(1)),
            Did(name),
            InSegment(name),
        )
    )
    for language in Language:
        assert parse_rule(print_rule(rule, language), language) == rule


@pytest.mark.parametrize(
    ("english", "french"),
    [
        (
            "count of order_completed in last 7 days >= 1 and count of email_opened in last 7 days >= 3",
            (
                "nombre de order_completed dans les 7 derniers jours >= 1 "
                "et nombre de email_opened dans les 7 derniers jours >= 3"
            ),
        ),
        (
            "sum of order_completed.total in last 90 days > mean + 1 std",
            "somme de order_completed.total dans les 90 derniers jours > moyenne + 1 écart-type",
        ),
        ("clv in top 5%", "clv dans les 5 % supérieurs"),
        ("days since last order_completed < 7", "jours depuis le dernier order_completed < 7"),
        (
            "did add_to_cart then not order_completed within 1 day",
            "a fait add_to_cart puis pas order_completed en 1 jour",
        ),
        (
            "count of order_completed where total > 50 in last 30 days between 2 and 5",
            "nombre de order_completed où total > 50 dans les 30 derniers jours entre 2 et 5",
        ),
        ('country = "FR" and not in segment "vip"', 'country = "FR" et pas dans le segment "vip"'),
        ("anniversary of birth_date in next 7 days", "anniversaire de birth_date dans les 7 prochains jours"),
        (
            "did a in last 1 hour or did a in last 2 weeks",
            "a fait a dans la dernière heure ou a fait a dans les 2 dernières semaines",
        ),
        ("distance to (48.8566, 2.3522) < 5 km", "distance à (48.8566, 2.3522) < 5 km"),
        ("distance from home to (-1.5, 2) >= 500 m", "distance de home à (-1.5, 2) >= 500 m"),
        (
            "location within polygon ((48.8, 2.3), (48.9, 2.3), (48.9, 2.4))",
            "location dans le polygone ((48.8, 2.3), (48.9, 2.3), (48.9, 2.4))",
        ),
        ('not home in cell "881fb46625fffff"', 'pas home dans la cellule "881fb46625fffff"'),
        ("did a in December and did a today", "a fait a en décembre et a fait a aujourd'hui"),
        (
            'email ends with ".fr" ignoring case and clv > median among everyone',
            'email finit par ".fr" sans tenir compte de la casse et clv > médiane parmi tous',
        ),
        ("score of clv out of 5 reversed >= 4", "score de clv sur 5 inversé >= 4"),
        ('country is one of ("FR", "BE") and x exists', 'country est parmi ("FR", "BE") et x existe'),
    ],
)
def test_one_tree_has_an_english_and_a_french_face(english: str, french: str) -> None:
    rule = parse_rule(english)
    assert parse_rule(french, Language.FR) == rule
    assert (print_rule(rule), print_rule(rule, Language.FR)) == (english, french)


def test_a_project_that_writes_french_reads_its_segments_and_errors_in_french() -> None:
    catalog = Catalog(
        traits={"clv": ValueType.NUMBER},
        segments={"meilleurs": "clv dans les 5 % supérieurs"},
        language=Language.FR,
    )
    assert read_rule('pas dans le segment "meilleurs"', catalog) == Not(InSegment("meilleurs"))
    with pytest.raises(RuleError) as caught:
        read_rule("clv exste", catalog)
    assert 'vouliez-vous dire "existe" ?' in str(caught.value)


@pytest.mark.parametrize(
    "sentence",
    [
        "count of order_completed in last 7 days >= 1 and count of email_opened in last 7 days >= 3",
        "sum of order_completed.total in last 90 days > mean + 1 std",
        "clv in top 5%",
        "clv in bottom 0.5%",
        "days since last order_completed < 7",
        'days since first order_completed where shop = "Paris" >= 30.5',
        "count of order_completed where total > 50 in last 30 days between 2 and 5",
        'country = "FR" and not in segment "vip"',
        'did order_completed where (total > 50 and shop = "Paris") in last 1 week',
        "score of clv out of 5 >= 4",
        "score of days since last order_completed out of 5 reversed between 2 and 4",
        "mean of order_completed.total < mean - 0.5 std",
        "clv = mean",
        "distinct of order_completed.address.city > 1",
        "last of order_completed.coupon is missing",
        "signed_up >= 2026-01-31 or signed_up < 2026-01-01T09:30:00+01:00",
        "not (subscribed = true or not subscribed exists)",
        "(a exists and b exists) and c exists",
        "(a exists or b exists) and c exists",
        "not not a exists",
        'email ends with "@example.org" ignoring case and not email contains "+"',
        'email starts with "a" or email matches "^[a-c]+@"',
        'country is one of ("FR", "BE")',
        'interests includes "golf"',
        'did order_completed where shop contains "Paris" ignoring case today',
        "count of order_completed this month >= 3",
        "count of order_completed where total > 50 between 2026-01-01 and 2026-03-31 >= 3",
        "last of order_completed.due between 2026-01-01 and 2026-03-31",
        "sum of order_completed.total since 2026-01-01 between 20 and 50",
        "did order_completed in December and not did order_completed yesterday",
        'did order_completed between 2026-01-01 and 2026-01-31 and did page_viewed in period "summer sale"',
        "score of count of order_completed between 2026-01-01 and 2026-03-31 out of 5 >= 4",
        "did add_to_cart then not order_completed within 1 day",
        (
            "did add_to_cart within the last 7 days then not order_completed within 1 day "
            "and not did order_completed in last 7 days"
        ),
        'did a where x = 1 then b where (x = 1 and y = "2") within 2 hours then not c then d all within 7 days',
        "did a this month then a",
        "anniversary of birth_date in next 7 days",
        "not anniversary of first of order_completed.due in next 1 day",
        "clv > median",
        "clv <= quantile 0.9 among everyone",
        'clv in top 5% among country = "FR" and subscribed = true',
        'clv > mean + 1 std among (country = "FR" or country = "BE")',
        'score of clv out of 5 among in segment "vip" >= 4',
        "score of clv out of 5 reversed among (country exists) is missing",
    ],
)
def test_natural_sentences_print_exactly_as_they_were_written(sentence: str) -> None:
    assert print_rule(parse_rule(sentence)) == sentence


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("  A exists\n  AND b EXISTS ", "A exists and b exists"),
        ("((a exists))", "a exists"),
        ("count  of  e  IN  LAST 1 day=1", "count of e in last 1 day = 1"),
        ("clv in top 5 %", "clv in top 5%"),
        ("a exists and b exists or c exists", "a exists and b exists or c exists"),
        ("not a exists and b exists", "not a exists and b exists"),
        ("x = 1.50", "x = 1.5"),
        ("did e within the last 7 days", "did e in last 7 days"),
        ("did e IN december", "did e in December"),
        ("did e in period sale", 'did e in period "sale"'),
        ("x > quantile 0.5", "x > median"),
        ("within polygon ((1,1), (1,2), (2,2))", "location within polygon ((1, 1), (1, 2), (2, 2))"),
        ('in cell "0881FB46625FFFFF"', 'location in cell "881fb46625fffff"'),
        ('x is one of("a","b")', 'x is one of ("a", "b")'),
        ("x = -0.0000015", "x = -0.000002"),
        ("x = 2026-01-31T09:30Z", "x = 2026-01-31T09:30:00+00:00"),
    ],
)
def test_freedom_in_writing(written: str, canonical: str) -> None:
    assert print_rule(parse_rule(written)) == canonical


def test_and_binds_closer_than_or_and_not_closest() -> None:
    a, b, c = (parse_rule(f"{name} exists") for name in "abc")
    assert parse_rule("a exists or b exists and not c exists") == Or((a, And((b, Not(c)))))


def test_after_did_and_continues_the_rule() -> None:
    found = parse_rule("did e where a = 1 and b = 2")
    assert isinstance(found, And)
    assert found.parts[0] == Did("e", parse_where("a = 1"))


def parse_where(condition: str) -> Rule:
    counted = parse_rule(f"count of e where {condition} > 0")
    assert isinstance(counted, Comparison)
    assert isinstance(counted.value, Aggregate)
    assert counted.value.where is not None
    return counted.value.where


def test_reading_resolves_other_names_of_an_event() -> None:
    catalog = Catalog(events={"order_completed": {}}, aliases={"Order Completed": "order_completed"})
    rule = read_rule("count of `Order Completed` >= 2", catalog)
    assert rule == Comparison(Aggregate(Function.COUNT, "order_completed"), Operator.AT_LEAST, Number(2 * MICRO))
