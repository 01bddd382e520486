"""`kohort fmt` changes rules and nothing else."""

from pathlib import Path

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.cli.fmt import format_segments, formatted_file
from kohort.errors import DefinitionError, UsageError
from kohort.rules.literals import Text
from kohort.rules.nodes import Comparison, InSegment, Trait
from kohort.rules.operators import Operator
from kohort.rules.print import print_rule

WRITTEN = """\
# Ours.
segments:
  - name: buyers   # the best
    where: "did  order_completed IN LAST 7 days"
    label: {en: Buyers}   # two words

  - name: quiet
    where: >-
      not  did order_completed
      in last 1 days

  # the end
  - {name: short, where: did  visit}
"""
FORMATTED = """\
# Ours.
segments:
  - name: buyers   # the best
    where: did order_completed in last 7 days
    label: {en: Buyers}   # two words

  - name: quiet
    where: not did order_completed in last 1 day

  # the end
  - {name: short, where: did visit}
"""


def test_rules_become_canonical_and_comments_stay() -> None:
    assert formatted_file(WRITTEN, "a.yaml") == FORMATTED
    assert formatted_file(FORMATTED, "a.yaml") == FORMATTED


def test_a_long_rule_is_folded() -> None:
    rule = " and ".join(f"count of order_completed in last {days} days >= {days}" for days in range(1, 7))
    formatted = formatted_file(f"segments:\n  - where: {rule.replace('1 days', '1  day')}\n    name: a\n", "a.yaml")
    assert formatted.startswith("segments:\n  - where: >-\n      count of")
    assert max(len(line) for line in formatted.splitlines()) <= 100
    assert yaml.safe_load(formatted)["segments"][0] == {"where": rule.replace("1 days", "1 day"), "name": "a"}


@settings(max_examples=25, deadline=None)
@given(st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=30))
def test_hostile_texts_read_back(text: str) -> None:
    rule = print_rule(Comparison(Trait(text), Operator.EQUAL, Text(text))) + " and " + print_rule(InSegment(text))
    written = yaml.safe_dump({"segments": [{"name": "a", "where": "  " + rule}]}, allow_unicode=True)
    assert yaml.safe_load(formatted_file(written, "a.yaml")) == {"segments": [{"name": "a", "where": rule}]}


def test_a_comment_behind_the_sign_of_a_block_keeps_its_rule_as_it_is() -> None:
    written = "segments:\n- name: a\n  where: >-  # why\n    did  visit\n"
    assert formatted_file(written, "a.yaml") == written


def test_inside_braces_a_comma_needs_quotes() -> None:
    written = """segments: [{name: a, where: 'x is one of ("a","b")'}]\n"""
    assert yaml.safe_load(formatted_file(written, "a.yaml")) == {
        "segments": [{"name": "a", "where": 'x is one of ("a", "b")'}]
    }


def test_a_wrong_rule_names_file_and_line() -> None:
    with pytest.raises(DefinitionError, match=r"segments/a.yaml, line 3, field \"where\": the rule ends too early"):
        formatted_file("segments:\n- name: a\n  where: clv >\n", "segments/a.yaml")


def test_check_changes_nothing_and_fails(tmp_path: Path) -> None:
    (tmp_path / "kohort.yaml").write_text("name: shop\n")
    file = tmp_path / "segments" / "a.yaml"
    file.parent.mkdir()
    file.write_text(WRITTEN)
    with pytest.raises(DefinitionError, match="run: kohort fmt"):
        format_segments(tmp_path, check=True)
    assert file.read_text() == WRITTEN
    assert format_segments(tmp_path, check=False) == [file]
    assert format_segments(tmp_path, check=True) == []


def test_a_folder_without_segments_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="--project"):
        format_segments(tmp_path, check=False)


def test_a_french_project_is_formatted_in_french(tmp_path: Path) -> None:
    (tmp_path / "kohort.yaml").write_text("name: shop\nlanguage: fr\n")
    file = tmp_path / "segments" / "a.yaml"
    file.parent.mkdir()
    file.write_text("segments:\n- {name: a, where: nombre  de visite dans les 7 derniers jours >=  2}\n")
    assert format_segments(tmp_path, check=False) == [file]
    assert "where: nombre de visite dans les 7 derniers jours >= 2}" in file.read_text()
