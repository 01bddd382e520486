"""Gates: which sentences are gates, what they mean, and what becomes of a load that they judge."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kohort.clock import DAY, HOUR
from kohort.definitions.fields import Fields
from kohort.definitions.gates import DIMENSIONS, History, Measure, Summary, gate_of
from kohort.definitions.quality import WEIGHTS, quality_settings_of, source_quality_of
from kohort.errors import DefinitionError
from kohort.quality.gating import fails, judge
from kohort.quality.measures import LoadCounts, measure, reliability


@pytest.mark.parametrize(
    ("text", "bound"),
    [
        ("fail if completeness < 95 %", 0.95),
        ("fail  if validity<=99.5%", 0.995),
        ("warn if freshness > 2 days", 2 * DAY),
        ("fail if volume < 1000", 1000),
        ("warn if reliability < 80", 80),
        ("warn if volume < 50 % of median of last 7 runs", History(0.5, Summary.MEDIAN, 7)),
        ("fail if volume > 300 % of the highest of the last 30 loads", History(3, Summary.HIGHEST, 30)),
        ("warn if reliability < lowest of last 5 runs", History(1, Summary.LOWEST, 5)),
        ("warn if freshness > 200 % of mean of last 4 runs", History(2, Summary.MEAN, 4)),
    ],
)
def test_what_is_a_gate(text: str, bound: object) -> None:
    assert gate_of(text).bound == bound


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("completeness < 95 %", "is no gate; write such as"),
        ("fail if completeness is 95 %", "is no gate"),
        ("stop if completeness < 95 %", 'unknown action "stop"'),
        ("fail if completness < 95 %", 'did you mean "completeness"'),
        ("fail if completeness < 0.95", "completeness is compared with a share from 0 % to 100 %, not with 0.95"),
        ("fail if completeness < 195 %", "a share from 0 % to 100 %"),
        ("fail if reliability < 80 %", "a number from 0 to 100, without %"),
        ("fail if volume < 50 %", 'such as "50 % of median of last 7 runs"'),
        ("fail if freshness > 3", "is no duration"),
        ("fail if volume < 50 % of average of last 7 runs", 'unknown summary "average"'),
        ("fail if volume < 50 % of median of last 0 runs", "the last 1 to 100 runs"),
        ("fail if volume < __import__('os')", "is nothing that volume can be compared with"),
        ("fail if volume < 1; drop table events", "is nothing that volume"),
    ],
)
def test_what_is_no_gate_is_told_why(text: str, reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        gate_of(text)


@given(st.text())
def test_any_text_is_a_gate_or_says_why_not(text: str) -> None:
    try:
        gate = gate_of(text)
    except ValueError:
        return
    assert gate.text == " ".join(text.split())


def test_a_wrong_gate_is_told_with_its_place() -> None:
    fields = Fields({"gates": ["fail if volme < 3"]}, "sources/crm.yaml", "quality")
    with pytest.raises(DefinitionError, match=r'sources/crm\.yaml, field "quality\.gates": unknown measure "volme"'):
        source_quality_of(fields)


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        ({"weights": {"speed": 1}}, 'unknown dimension "speed"'),
        ({"weights": {"freshness": -1}}, "a number that is not below 0"),
        ({"weights": dict.fromkeys(map(str, DIMENSIONS), 0)}, "at least one weight must be above 0"),
        ({"sources": {"web": {"evry": "1 day"}}}, 'unknown field "evry"'),
    ],
)
def test_wrong_settings_are_told_with_their_place(document: object, reason: str) -> None:
    with pytest.raises(DefinitionError, match=reason):
        quality_settings_of(Fields(document, "kohort.yaml", "quality"))


def test_the_published_weights_make_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)


@pytest.mark.parametrize(
    ("gate", "volume", "before", "holds"),
    [
        ("fail if volume < 50 % of median of last 3 runs", 49, [100, 100, 100], True),
        ("fail if volume < 50 % of median of last 3 runs", 50, [100, 100, 100], False),
        ("fail if volume < 50 % of median of last 3 runs", 49, [10, 100, 100, 100], True),
        ("fail if volume < lowest of last 2 runs", 9, [5, 10], False),
        ("fail if volume < lowest of last 1 runs", 9, [5, 10], True),
        ("fail if volume > 200 % of mean of last 9 runs", 31, [10, 20], True),
        ("fail if volume < 50 % of median of last 3 runs", 0, [], None),
    ],
)
def test_a_load_is_judged_by_those_before(gate: str, volume: int, before: list[int], holds: bool | None) -> None:
    history = [{Measure.VOLUME: float(one)} for one in before]
    verdicts = judge([gate_of(gate)], {Measure.VOLUME: volume}, history)
    assert verdicts[0].holds is holds
    assert fails(verdicts) is bool(holds)


def test_a_warning_fails_nothing() -> None:
    verdicts = judge([gate_of("warn if volume < 5")], {Measure.VOLUME: 4}, [])
    assert verdicts[0].holds
    assert not fails(verdicts)


counts = st.builds(
    lambda records, rejected, repeats, empty, wrong, broken, age: LoadCounts(
        records=records + rejected,
        rejected=rejected,
        repeats=repeats,
        cells=(records + rejected) * 4,
        filled=records * 4 - min(empty, records * 4),
        values=(records + rejected) * 6,
        wrong=rejected * 6 + min(wrong, records * 6),
        judged=(records + rejected) * 2,
        broken=rejected * 2 + min(broken, records * 2),
        newest=-age,
        is_checked=True,
    ),
    *(st.integers(0, 30) for _ in range(6)),
    st.integers(0, 5 * DAY),
)
DEFECTS = {
    "an empty cell": {"filled": -1},
    "a wrong value": {"wrong": 1},
    "a row again": {"repeats": 1},
    "a broken check": {"broken": 1},
    "older": {"newest": -HOUR},
    "a rejected row": {"rejected": 1, "filled": -4, "wrong": 6, "broken": 2},
}


@given(counts, st.sampled_from(sorted(DEFECTS)), st.lists(st.integers(1, 60), max_size=9))
def test_a_planted_defect_never_makes_a_source_look_more_reliable(
    found: LoadCounts, defect: str, volumes: list[int]
) -> None:
    planted = {**vars(found), **{name: getattr(found, name) + by for name, by in DEFECTS[defect].items()}}
    planted["filled"] = max(planted["filled"], 0)
    before, after = (
        reliability(measure(one, 0, DAY, volumes).scores, WEIGHTS) for one in (found, LoadCounts(**planted))
    )
    assert before is not None
    assert after is not None
    assert 0 <= after <= before <= 100


def test_what_cannot_be_measured_is_left_out() -> None:
    scores = measure(LoadCounts(records=2, cells=2, filled=1, values=2), 0, None, [2, 2]).scores
    assert set(map(str, scores)) == {"completeness", "validity", "uniqueness"}
    assert reliability(scores, WEIGHTS) == pytest.approx(100 * (0.25 * 0.5 + 0.25 + 0.15) / 0.65)
    assert reliability({}, WEIGHTS) is None
