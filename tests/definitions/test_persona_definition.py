"""What files in `personas/` may say, and what is refused with its place."""

from datetime import date

import pytest

from kohort.definitions.personas import (
    PersonaEntry,
    PersonaNote,
    PersonaPicture,
    SurveyFinding,
    is_plain_https,
    merged_entries,
    persona_entries_of,
)
from kohort.errors import DefinitionError

FILE = "personas/ours.yaml"
WHOLE = {
    "persona": "persona-1",
    "title": {"en": "Regulars", "fr": "Habitués"},
    "notes": [{"date": date(2026, 11, 2), "by": "Ada", "text": "They ask for loose tea."}],
    "pictures": [{"file": "pictures/anna.png", "alt": "Anna"}, {"url": "https://cdn.example/a.png", "alt": "A"}],
    "surveys": [{"finding": "Would pay for delivery", "date": "2026-10-01", "asked": 120, "agreed": 50}],
    "segments": ["vip"],
}


def entry(**fields: object) -> PersonaEntry:
    [found] = persona_entries_of({"personas": [{"persona": "persona-1", **fields}]}, FILE)
    return found


def test_a_file_says_titles_notes_pictures_findings_and_segments() -> None:
    [found] = persona_entries_of({"personas": [WHOLE]}, FILE)
    assert found == PersonaEntry(
        persona="persona-1",
        file=FILE,
        title=("Regulars", "Habitués"),
        notes=(PersonaNote(date(2026, 11, 2), "Ada", "They ask for loose tea."),),
        pictures=(
            PersonaPicture("Anna", file="pictures/anna.png"),
            PersonaPicture("A", url="https://cdn.example/a.png"),
        ),
        surveys=(SurveyFinding("Would pay for delivery", date(2026, 10, 1), "", 120, 50),),
        segments=("vip",),
    )
    assert persona_entries_of({}, FILE) == ()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"persona": "regulars"}, r'personas\[0\]\.persona": expected the id of a persona'),
        ({"notes": [{"by": "Ada", "text": "x"}]}, r"personas\[0\]\.notes\[0\]\.date"),
        ({"notes": [{"date": "someday", "by": "Ada", "text": "x"}]}, r'notes\[0\]\.date": Invalid isoformat'),
        ({"notes": [{"date": "2026-01-01", "text": "x"}]}, r'notes\[0\]\.by": expected text, got nothing'),
        ({"notes": [{"date": "2026-01-01", "by": "Ada", "text": "x" * 10_001}]}, r"at most 10,000 characters"),
        ({"notes": [{"date": "2026-01-01", "by": "A", "text": "x", "tone": 1}]}, r'unknown field "tone"'),
        ({"pictures": [{"alt": "x"}]}, r'pictures\[0\]\.file": expected a file of the project, or the url'),
        ({"pictures": [{"alt": "x", "file": "a.png", "url": "https://a.example/b"}]}, r"a file of the project, or"),
        ({"pictures": [{"alt": "x", "file": "../secret.png"}]}, r"a file inside the project"),
        ({"pictures": [{"alt": "x", "file": "/etc/a.png"}]}, r"a file inside the project"),
        ({"pictures": [{"alt": "x", "file": "drawing.svg"}]}, r"a file inside the project: \.png"),
        ({"pictures": [{"alt": "x", "url": "http://a.example/b.png"}]}, r"begins with https://"),
        ({"pictures": [{"file": "a.png"}]}, r"pictures\[0\]\.alt"),
        ({"surveys": [{"finding": "x", "agreed": 4}]}, r"how many of those asked agreed"),
        ({"surveys": [{"finding": "x", "asked": 3, "agreed": 4}]}, r"how many of those asked agreed"),
        ({"surveys": [{"finding": "x", "asked": 0}]}, r"from 1 on"),
        ({"title": {"en": "Regulars"}}, r"title\.fr"),
        ({"titel": "Regulars"}, r'unknown field "titel"; did you mean "title"\?'),
    ],
)
def test_what_is_wrong_is_refused_with_its_place(fields: dict[str, object], message: str) -> None:
    with pytest.raises(DefinitionError, match=message) as refused:
        entry(**fields)
    assert str(refused.value).startswith(FILE)


@pytest.mark.parametrize(
    "url",
    [
        "javascript:alert(1)", "data:image/png;base64,AAAA", "//a.example/b.png", "https://", "https://user:pw@a.example/",
        "https://a.example/<script>", "https://a.example/a b", "https://a.example:99999/", 'https://a.example/"onload="',
        "https://[::1", "file:///etc/passwd", "https://a.example/\n",
    ],
)  # fmt: skip
def test_no_hostile_address_is_taken(url: str) -> None:
    assert not is_plain_https(url)


def test_several_files_may_speak_of_one_persona_and_one_gives_its_title() -> None:
    notes = (PersonaNote(date(2026, 1, 1), "Ada", "x"),)
    one, other = PersonaEntry("persona-1", "a.yaml", ("A", "A")), PersonaEntry("persona-1", "b.yaml", notes=notes)
    assert merged_entries([one, other]) == {"persona-1": PersonaEntry("persona-1", "a.yaml, b.yaml", ("A", "A"), notes)}
    with pytest.raises(DefinitionError, match=r'c\.yaml: "persona-1" has a title in a\.yaml already'):
        merged_entries([one, PersonaEntry("persona-1", "c.yaml", ("B", "B"))])
