"""Finding what a name or code means among many: countries and languages."""

from collections.abc import Iterable, Mapping
from typing import Final

from kohort.definitions.normalisation import Asked, Outcome
from kohort.quality.normalisation.characters import cleaned, plain_name
from kohort.quality.normalisation.outcomes import NormaliseOne, Reason, Repair, UnreadableError, guarded, settled

_ARTICLES: Final = ("the ", "la ", "le ", "les ", "l'", "l’", "republic of ", "république de ")


class Names:
    """Codes and the names that mean them; a name that means several codes means none.

    >>> names = Names({"FR"}, {"FRA": "FR"}, [("France", "FR"), ("Congo", "CD"), ("Congo", "CG")], {})
    >>> names.find("fra"), names.find("la france"), names.find("Congo")
    (('FR', <Repair.CODE: 'other code'>), ('FR', <Repair.NAME: 'name'>), <Reason.AMBIGUOUS_NAME: 'name of several'>)
    """

    def __init__(
        self,
        codes: Iterable[str],
        others: Mapping[str, str],
        names: Iterable[tuple[str, str]],
        aliases: Mapping[str, str],
    ) -> None:
        self._codes, self._others = {one.casefold(): one for one in codes}, others
        self._names: dict[str, set[str]] = {}
        for name, code in names:
            self._names.setdefault(plain_name(name), set()).add(code)
        self._aliases = {plain_name(name): code for name, code in aliases.items()}

    def find(self, text: str) -> tuple[str, Repair | None] | Reason | None:
        """Return the code that a text means and by which rule; why it means none, if several; None if nobody knows."""
        code = self._codes.get(text.casefold())
        if code is not None:
            return code, None if code == text else Repair.CASE
        other = self._others.get(text.upper())
        if other is not None:
            return other, Repair.CODE
        bare = next((text[len(one) :] for one in _ARTICLES if text.casefold().startswith(one)), text)
        for name in (plain_name(text), plain_name(bare)):
            if name in self._aliases:
                return self._aliases[name], Repair.ALIAS
            found = self._names.get(name, set())
            if len(found) > 1:
                return Reason.AMBIGUOUS_NAME
            if found:
                return next(iter(found)), Repair.NAME
        return None


def by_name(names: Names, unknown: Reason) -> NormaliseOne:
    """Return what reads names and codes as codes."""

    @guarded
    def normalise(asked: Asked) -> Outcome:
        text = cleaned(str(asked.value))
        found = names.find(text.text)
        if found is None or isinstance(found, Reason):
            raise UnreadableError(found or unknown)
        code, repair = found
        return settled(code, (*text.repairs, *([] if repair is None else [repair])))

    return normalise
