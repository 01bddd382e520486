"""Tests that stand in segment files: what must be true of a segment's members."""

from dataclasses import dataclass
from typing import Final

from kohort.definitions.fields import Fields
from kohort.definitions.guards import share_of
from kohort.errors import DefinitionError

FORMS: Final = ("in", "out", "size", "share", "disjoint_from", "subset_of")


@dataclass(frozen=True)
class Expectation:
    """One test, of a form of `FORMS`.

    `name` is a person (person id, user id or anonymous id) who must be in or out, or the segment to be disjoint from or
    a subset of. `least` and `most` bound a size, in people, or a share, from 0 to 1; None is no bound.
    """

    form: str
    name: str = ""
    least: float | None = None
    most: float | None = None

    @property
    def words(self) -> str:
        """The test as a line of a table.

        >>> Expectation("share", least=0.01).words, Expectation("in", "ada").words
        ('share: at least 1 %', 'in: ada')
        """
        bounds = (("at least", self.least), ("at most", self.most))
        shown = [
            f"{word} {100 * bound:.6g} %" if self.form == "share" else f"{word} {bound:,.0f}"
            for word, bound in bounds
            if bound is not None
        ]
        return f"{self.form.replace('_', ' ')}: {self.name or ', '.join(shown)}"


def expectations_of(fields: Fields) -> tuple[Expectation, ...]:
    """Read one entry of `tests`, which has one field of `FORMS`; a list of names is a test each.

    Raises DefinitionError.

    >>> [one.words for one in expectations_of(Fields({"in": ["ada", "bob"]}, "a.yaml"))]
    ['in: ada', 'in: bob']
    >>> expectations_of(Fields({"size": {"at_least": 20}}, "a.yaml"))
    (Expectation(form='size', name='', least=20.0, most=None),)
    """
    stated = [form for form in FORMS if fields.value(form) is not None]
    fields.refuse_unknown()
    if len(stated) != 1:
        raise DefinitionError(f"{fields.place('')}: a test has one of {', '.join(FORMS)}")
    (form,) = stated
    if form not in {"size", "share"}:
        return tuple(Expectation(form, name) for name in fields.texts(form))
    inner = fields.inner(form)
    if inner is None:
        raise fields.wrong(form, "at_least, at_most or both", None)
    least, most = (_bound(inner, name, form) for name in ("at_least", "at_most"))
    inner.refuse_unknown()
    if least is None and most is None:
        raise fields.wrong(form, "at_least, at_most or both", "neither")
    if least is not None and most is not None and least > most:
        raise inner.wrong("at_most", "no less than at_least", inner.value("at_most"))
    return (Expectation(form, "", least, most),)


def _bound(fields: Fields, name: str, form: str) -> float | None:
    if fields.value(name) is None:
        return None
    return fields.build(name, share_of) if form == "share" else float(fields.integer(name))
