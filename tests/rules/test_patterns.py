"""Law: a pattern that is accepted is one that RE2 accepts."""

import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from kohort.errors import DefinitionError
from kohort.rules.patterns import check_pattern

PARTS = (
    *(
        "a",
        "é",
        "\n",
        ".",
        "^",
        "$",
        "|",
        "(",
        "(?:",
        "(?i:",
        "(?i)",
        "(?=",
        "(?<a>",
        ")",
        "[",
        "[^",
        "]",
        "-",
        ",",
        "^",
    ),
    *("[a-z]", "[[:alpha:]]", "[:alpha:]", "*", "+", "?", "{2}", "{1,3}", "{3,1}", "{", "}", "{1000}", "&&", "~"),
    *("\\", "\\d", "\\w", "\\b", "\\1", "\\.", "\\pL", "\\Q", "\\C", "\\x41", "\\z", "\\Z", "\\n"),
)


@settings(max_examples=300, deadline=None)
@given(st.lists(st.sampled_from(PARTS) | st.characters(exclude_categories=["Cs"]), max_size=8).map("".join))
def test_what_is_accepted_is_re2(pattern: str) -> None:
    try:
        check_pattern(pattern)
    except DefinitionError:
        return
    pc.match_substring_regex(pa.array(["text"]), pattern)


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "^AB-[0-9]{4}$",
        "(fr|be)",
        "(?i)paris",
        r"\bgolf\b",
        "a+?b*",
        "[^a-z]",
        r"[\w.]+@",
        r"\x41",
        "[[:digit:]_]",
        "é",
    ],
)
def test_what_people_write_is_accepted(pattern: str) -> None:
    check_pattern(pattern)


@pytest.mark.parametrize(
    ("pattern", "says"),
    [
        ("(?=a)", "only (…) and (?:…) are groups"),
        ("(?<!a)b", "only (…) and (?:…) are groups"),
        (r"(a)\1", "outside RE2"),
        ("a**", "repeats nothing"),
        ("*", "repeats nothing"),
        ("a{200}", "from 0 to 100"),
        ("a{3,2}", "from 0 to 100"),
        ("(" * 40 + ")" * 40, "16 deep"),
        ("a{100}" * 3, "times in all"),
        ("(", "never closes"),
        (")", "never opened"),
        ("[a", "not closed"),
        ("[z-a]", "no range"),
        ("[[:letter:]]", "no class"),
        ("x" * 501, "longer than 500"),
        ("a\0", "NUL"),
    ],
)
def test_what_is_refused_says_why(pattern: str, says: str) -> None:
    with pytest.raises(DefinitionError) as caught:
        check_pattern(pattern)
    assert says in str(caught.value)
