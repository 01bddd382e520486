"""What people add to personas, as files in `personas/` declare it: titles, notes, pictures, findings of surveys.

Kohort reads these files and never writes them. A persona is named by its lasting id, as `kohort personas` lists it.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import PurePosixPath
from typing import Final
from urllib.parse import urlsplit

from kohort.definitions.fields import Fields
from kohort.errors import DefinitionError

PICTURE_KINDS: Final = (".png", ".jpg", ".jpeg", ".webp", ".gif")
"""The kinds of picture files: none that could hold a script."""
IDENTITY: Final = re.compile(r".+-[1-9][0-9]*")
_LONGEST: Final = 10_000


@dataclass(frozen=True)
class PersonaNote:
    """What somebody noted about a persona, on which day; `by` says who."""

    day: date
    by: str
    text: str


@dataclass(frozen=True)
class PersonaPicture:
    """A picture: a `file` of the project, or the `url` where it is, never fetched; `alt` says what it shows."""

    alt: str
    file: str = ""
    url: str = ""


@dataclass(frozen=True)
class SurveyFinding:
    """What a survey found of a persona's people: of `asked` people, `agreed`; None where it was not counted."""

    finding: str
    day: date | None = None
    source: str = ""
    asked: int | None = None
    agreed: int | None = None


@dataclass(frozen=True)
class PersonaEntry:
    """What one file says of one persona; `title`, in "en" and "fr", replaces the name that Kohort gives it."""

    persona: str
    file: str
    title: tuple[str, str] | None = None
    notes: tuple[PersonaNote, ...] = ()
    pictures: tuple[PersonaPicture, ...] = ()
    surveys: tuple[SurveyFinding, ...] = ()
    segments: tuple[str, ...] = ()


def persona_entries_of(document: object, file: str) -> tuple[PersonaEntry, ...]:
    """Read a file of `personas/`; raises DefinitionError with the field of what is wrong.

    >>> [one] = persona_entries_of({"personas": [{"persona": "persona-1", "title": "Regulars"}]}, "personas/a.yaml")
    >>> one.title
    ('Regulars', 'Regulars')
    """
    fields = Fields(document, file)
    found = tuple(_entry(one, file) for one in fields.items("personas"))
    fields.refuse_unknown()
    return found


def merged_entries(entries: Iterable[PersonaEntry]) -> dict[str, PersonaEntry]:
    """Return what all files say of each persona, by its id; raises DefinitionError where two give it a title.

    >>> two = [PersonaEntry("p-1", "a.yaml", segments=("vip",)), PersonaEntry("p-1", "b.yaml", ("A", "A"))]
    >>> merged_entries(two)["p-1"].title, merged_entries(two)["p-1"].segments
    (('A', 'A'), ('vip',))
    """
    found: dict[str, PersonaEntry] = {}
    for entry in entries:
        other = found.get(entry.persona)
        if other is None:
            found[entry.persona] = entry
            continue
        if entry.title and other.title:
            raise DefinitionError(f'{entry.file}: "{entry.persona}" has a title in {other.file} already; keep one')
        found[entry.persona] = PersonaEntry(
            entry.persona,
            f"{other.file}, {entry.file}",
            entry.title or other.title,
            (*other.notes, *entry.notes),
            (*other.pictures, *entry.pictures),
            (*other.surveys, *entry.surveys),
            tuple(dict.fromkeys((*other.segments, *entry.segments))),
        )
    return found


def _entry(fields: Fields, file: str) -> PersonaEntry:
    identity = fields.text("persona")
    if not IDENTITY.fullmatch(identity):
        raise fields.wrong("persona", 'the id of a persona, such as "persona-1" (see: kohort personas)', identity)
    found = PersonaEntry(
        persona=identity,
        file=file,
        title=_title(fields),
        notes=tuple(_note(one) for one in fields.items("notes")),
        pictures=tuple(_picture(one) for one in fields.items("pictures")),
        surveys=tuple(_survey(one) for one in fields.items("surveys")),
        segments=fields.texts("segments", default=()),
    )
    fields.refuse_unknown()
    return found


def _title(fields: Fields) -> tuple[str, str] | None:
    value = fields.value("title")
    if value is None:
        return None
    if isinstance(value, str):
        return fields.text("title"), fields.text("title")
    words = fields.languages("title")
    return words["en"], words["fr"]


def _note(fields: Fields) -> PersonaNote:
    found = PersonaNote(fields.build("date", date.fromisoformat), fields.text("by"), _long_text(fields, "text"))
    fields.refuse_unknown()
    return found


def _picture(fields: Fields) -> PersonaPicture:
    file, url = fields.text("file", default=""), fields.text("url", default="")
    if bool(file) == bool(url):
        raise fields.wrong("file", "a file of the project, or the url of a picture", file or None)
    if file:
        path = PurePosixPath(file)
        if path.is_absolute() or ".." in path.parts or path.suffix.lower() not in PICTURE_KINDS:
            raise fields.wrong("file", f"a file inside the project: {', '.join(PICTURE_KINDS)}", file)
    if url and not is_plain_https(url):
        raise fields.wrong("url", "an address that begins with https://, without a password", url)
    found = PersonaPicture(fields.text("alt"), file, url)
    fields.refuse_unknown()
    return found


def is_plain_https(url: str) -> bool:
    """Return whether a text is an https address that names nobody and holds no sign that could break out of a page.

    >>> [is_plain_https(one) for one in ("https://a.example/b.png", "javascript:alert(1)", "https://u:p@a.example/")]
    [True, False, False]
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        return False
    plain = not re.search(r"[\s<>\"'\\\x00-\x1f]", url)
    return plain and parts.scheme == "https" and bool(host) and port != 0 and "@" not in parts.netloc


def _survey(fields: Fields) -> SurveyFinding:
    told = fields.value("date") is not None
    asked, agreed = (fields.integer(name) if fields.value(name) is not None else None for name in ("asked", "agreed"))
    if agreed is not None and (asked is None or not 0 <= agreed <= asked or not asked):
        raise fields.wrong("agreed", "how many of those asked agreed, from 0 to asked", agreed)
    if asked is not None and asked < 1:
        raise fields.wrong("asked", "how many people were asked, from 1 on", asked)
    found = SurveyFinding(
        finding=_long_text(fields, "finding"),
        day=fields.build("date", date.fromisoformat) if told else None,
        source=fields.text("source", default=""),
        asked=asked,
        agreed=agreed,
    )
    fields.refuse_unknown()
    return found


def _long_text(fields: Fields, name: str) -> str:
    text = fields.text(name)
    if len(text) > _LONGEST:
        raise fields.wrong(name, f"at most {_LONGEST:,} characters", text)
    return text
