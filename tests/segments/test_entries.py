"""One segment of a file is changed, and nothing else in it."""

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.errors import DefinitionError, UsageError
from kohort.segments.entries import entry_of, entry_text, with_entry, without_entry

FILE = """\
# Ours.
segments:  # all of them

  # The best of all:
  # they come back.
  - name: buyers   # the best
    label: {en: Buyers, fr: "Acheteurs"}   # two words
    where: >-
      did order_completed
      in last 7 days

    owner: ada  # ask her first

  # --- the others ---

  - {name: short, where: did visit}  # in one line
  - name: last
    where: |
      did visit
    tests:
      - in: ada
      - size: {at_least: 3}  # or more
# the end
"""
BUYERS = {
    "name": "buyers",
    "label": {"en": "Buyers", "fr": "Acheteurs"},
    "where": "did order_completed in last 7 days",
    "owner": "ada",
}
LINES = FILE.split("\n")


def kept(text: str) -> set[str]:
    return set(LINES) - set(text.split("\n"))


def test_a_changed_field_changes_its_own_lines() -> None:
    text = with_entry(FILE, "a.yaml", {**BUYERS, "where": "did visit"})
    assert text == FILE.replace(">-\n      did order_completed\n      in last 7 days\n", "did visit\n")
    assert with_entry(FILE, "a.yaml", BUYERS) == FILE
    text = with_entry(FILE, "a.yaml", {**BUYERS, "owner": "ben"})
    assert text == FILE.replace("owner: ada  # ask", "owner: ben  # ask")


def test_fields_come_and_go() -> None:
    text = with_entry(
        FILE, "a.yaml", {name: BUYERS[name] for name in ("name", "where")} | {"purpose": "to say: thanks"}
    )
    assert kept(text) == {'    label: {en: Buyers, fr: "Acheteurs"}   # two words', "    owner: ada  # ask her first"}
    assert '\n    purpose: "to say: thanks"\n' in text


def test_a_new_segment_goes_below_the_others() -> None:
    new = {"name": "new", "label": {"en": "New"}, "where": "did visit", "tests": [{"out": ["ada", "ben"]}]}
    text = with_entry(FILE, "a.yaml", new)
    said = "\n\n  - name: new\n    label: {en: New}\n    where: did visit\n    tests:\n    - out: [ada, ben]\n"
    assert text == FILE.replace("# or more\n", "# or more" + said)


@pytest.mark.parametrize(
    "text",
    ["", "# nothing yet", "segments:", "segments:  # none\n", "segments: []\n", "segments: null # none\n# end\n",
     "---\n", "segments:\n- name: b\n  where: did e", "segments: [{name: b, where: did e}]", "a: 1\n"],
)  # fmt: skip
@pytest.mark.parametrize("new", [{"name": "a", "where": "did e"}, {"name": "a", "where": "did e", "needs": ["e"]}])
def test_a_file_of_any_form_takes_a_first_segment_and_gives_it_back(text: str, new: dict[str, object]) -> None:
    there = [one["name"] for one in ((yaml.safe_load(text) or {}).get("segments") or [])]
    found = with_entry(text, "a.yaml", new)
    assert [one["name"] for one in yaml.safe_load(found)["segments"]] == [*there, "a"]
    assert {one for one in text.split("\n") if "#" in one and "null" not in one} <= set(found.split("\n"))
    assert [one["name"] for one in yaml.safe_load(without_entry(found, "a.yaml", "a"))["segments"] or []] == there


def test_a_segment_goes_with_the_comments_right_above_it() -> None:
    text = without_entry(FILE, "a.yaml", "buyers")
    start, end = FILE.index("  # The best"), FILE.index("  # --- the others")
    assert text == FILE[:start] + FILE[end:]
    assert kept(without_entry(FILE, "a.yaml", "short")) == {"  - {name: short, where: did visit}  # in one line"}
    assert without_entry(FILE, "a.yaml", "last").endswith("# in one line\n# the end\n")


@pytest.mark.parametrize("name", ["buyers", "short", "last"])
def test_what_was_taken_out_is_put_back_as_it_was(name: str) -> None:
    was = entry_text(FILE, "a.yaml", name)
    without = without_entry(FILE, "a.yaml", name)
    again = with_entry(without, "a.yaml", entry_of(was), was)
    assert entry_text(again, "a.yaml", name) == was
    assert with_entry(FILE, "a.yaml", entry_of(was), was) == FILE, "where it stands already nothing changes"


def test_what_cannot_be_changed_without_loss_is_refused() -> None:
    shared = "segments:\n- &a {name: a, where: did e}\n- {name: b, where: did e, label: {en: B}}\n"
    for text in (shared, "{segments: !!omap [a: 1]}"):
        with pytest.raises((UsageError, DefinitionError)):
            with_entry(text, "a.yaml", {"name": "b", "where": "did f"})
    with pytest.raises(DefinitionError, match="no YAML"):
        with_entry("segments: [", "a.yaml", {"name": "b", "where": "did f"})
    with pytest.raises(UsageError, match='does not declare the segment "c"'):
        without_entry(FILE, "a.yaml", "c")


@pytest.mark.parametrize(
    "text", ["", "a: 1", "- a\n- b", "[" * 2_000, "- &a {name: x}", "- {name: a}\n- {name: b}", "\0"]
)
def test_a_text_that_is_no_segment_is_refused(text: str) -> None:
    with pytest.raises(DefinitionError):
        entry_of(text)


TEXTS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=30) | st.sampled_from(
    ["yes", "1", "2026-01-01", "a: b", "a # b", "- a", "{", "*a", "'", '"', "did e\n", " a ", "null", "%", "\t", "\x85"]
)
FIELDS = st.fixed_dictionaries(
    {"name": st.sampled_from(["buyers", "short", "last", "new"]), "where": TEXTS},
    optional={
        "label": st.dictionaries(st.sampled_from(["en", "fr"]), TEXTS, min_size=1),
        "owner": TEXTS,
        "needs": st.lists(TEXTS, min_size=1, max_size=3),
        "tests": st.lists(st.dictionaries(st.sampled_from(["in", "out"]), TEXTS, min_size=1), min_size=1, max_size=2),
    },
)


@settings(max_examples=25, deadline=None)
@given(st.lists(FIELDS, min_size=1, max_size=3), st.sampled_from([FILE, "", "segments: [{name: last, where: 'x'}]"]))
def test_whatever_is_written_is_what_is_read(changes: list[dict[str, object]], text: str) -> None:
    for one in changes:
        before = (yaml.safe_load(text) or {}).get("segments") or []
        text = with_entry(text, "a.yaml", one)
        after = yaml.safe_load(text)["segments"]
        assert one in after
        assert [other for other in after if other["name"] != one["name"]] == [
            other for other in before if other["name"] != one["name"]
        ]
        assert entry_of(entry_text(text, "a.yaml", str(one["name"]))) == one
