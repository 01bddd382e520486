"""Reading the fields of what people declared, with errors that name file and field."""

from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import TypeVar

from kohort.errors import DefinitionError, Place, did_you_mean, shorten

T = TypeVar("T")


class Fields:
    """The fields of one mapping of a YAML file; `path` says where in the file it stands.

    Every field that is read becomes a known one; `refuse_unknown` then names the others.
    """

    def __init__(self, document: object, file: str, path: str = "") -> None:
        self.file, self.path = file, path
        self._read: set[str] = set()
        if not isinstance(document, Mapping):
            raise DefinitionError(
                f"{Place(file, field=path or None)}: expected fields with values, got {_kind(document)}"
            )
        self._values = {str(name): value for name, value in document.items()}

    def text(self, name: str, default: str | None = None) -> str:
        """Return a field as text; a number or date is taken as it is written."""
        value = self.value(name)
        if value is None and default is not None:
            return default
        if isinstance(value, date):
            return value.isoformat()
        if isinstance(value, bool) or not isinstance(value, str | int | float) or value == "":
            raise self.wrong(name, "text", value)
        return str(value)

    def texts(self, name: str, default: Sequence[str] | None = None) -> tuple[str, ...]:
        """Return a field that is a text or a list of texts."""
        value = self.value(name)
        if value is None and default is not None:
            return tuple(default)
        values = value if isinstance(value, list) else [value]
        if not values or not all(isinstance(one, str | int) and not isinstance(one, bool) for one in values):
            raise self.wrong(name, "a text or a list of texts", value)
        return tuple(str(one) for one in values)

    def integer(self, name: str, default: int | None = None) -> int:
        """Return a field as a whole number."""
        value = self.value(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int):
            raise self.wrong(name, "a whole number", value)
        return value

    def number(self, name: str, default: float | None = None) -> float:
        """Return a field as a number."""
        value = self.value(name)
        if value is None and default is not None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise self.wrong(name, "a number", value)
        return float(value)

    def build(self, name: str, make: Callable[[str], T], default: str | None = None) -> T:
        """Return a field made into something by `make`, whose ValueError or DefinitionError gets the place."""
        text = self.text(name, default)
        try:
            return make(text)
        except (ValueError, DefinitionError) as error:
            raise DefinitionError(f"{self.place(name)}: {error}") from error

    def inner(self, name: str) -> "Fields | None":
        """Return a field that is a mapping, or None where it is missing."""
        value = self.value(name)
        return None if value is None else Fields(value, self.file, self._path(name))

    def languages(self, name: str) -> Mapping[str, str]:
        """Return a text in both languages, by language; raises DefinitionError if one is missing."""
        words = self.inner(name)
        if words is None:
            raise self.wrong(name, "the words in en and fr", None)
        return {"en": words.text("en"), "fr": words.text("fr")}

    def items(self, name: str) -> "list[Fields]":
        """Return a field that is a list of mappings; missing is an empty list."""
        value = self.value(name)
        if value is None:
            return []
        if not isinstance(value, list):
            raise self.wrong(name, "a list", value)
        return [Fields(one, self.file, f"{self._path(name)}[{index}]") for index, one in enumerate(value)]

    def value(self, name: str) -> object:
        """Return a field as YAML gave it, None where it is missing."""
        self._read.add(name)
        return self._values.get(name)

    def names(self) -> tuple[str, ...]:
        """Return the names of all fields, in the order of the file, and count them as read."""
        self._read.update(self._values)
        return tuple(self._values)

    def refuse_unknown(self) -> None:
        """Raise DefinitionError for the first field that nobody asked for, proposing the nearest known one."""
        for name in self._values:
            if name not in self._read:
                raise DefinitionError(
                    f'{Place(self.file, field=self.path or None)}: unknown field "{shorten(name)}"; '
                    f"{did_you_mean(name, self._read)}"
                )

    def place(self, name: str) -> Place:
        """Return the place of a field, for a message."""
        return Place(self.file, field=self._path(name))

    def wrong(self, name: str, expected: str, value: object) -> DefinitionError:
        """Return the error that says what a field should have been."""
        got = "nothing" if value is None else f"{_kind(value)} {shorten(str(value))!r}"
        return DefinitionError(f"{self.place(name)}: expected {expected}, got {got}")

    def _path(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


def _kind(value: object) -> str:
    kinds = {dict: "fields", list: "a list", str: "the text", bool: "the truth value", type(None): "nothing"}
    return kinds.get(type(value), "the value")
