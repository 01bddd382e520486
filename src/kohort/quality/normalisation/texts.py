"""Free text: letter case, the normal form of Unicode, spaces, invisible characters."""

import re
from typing import Final

from kohort.definitions.normalisation import Asked, LetterCase, Normalisation, Outcome
from kohort.quality.normalisation.characters import tidied
from kohort.quality.normalisation.outcomes import NormaliseOne, Reason, Repair, UnreadableError, guarded, settled

_MOST_PASSES: Final = 4
_WORD: Final = re.compile(r"[^\W\d_]+")


def texts(declared: Normalisation) -> NormaliseOne:
    """Return what brings a text into the declared form.

    >>> from kohort.definitions.normalisation import Kind
    >>> one = texts(Normalisation(Kind.TEXT, case=LetterCase.TITLE))(Asked("  JEAN-PIERRE d'alembert"))
    >>> one.value, one.rules
    ("Jean-Pierre D'Alembert", ('spaces', 'case'))
    """

    @guarded
    def normalise(asked: Asked) -> Outcome:
        text, repairs = str(asked.value), list[Repair]()
        # One repair can make room for another: what a form of Unicode leaves may have capitals again.
        for _ in range(_MOST_PASSES):
            found = tidied(text, declared.unicode, joiners=True)
            cased = _cased(found.text, declared.case)
            if cased == text:
                return settled(text, repairs)
            repairs += [*found.repairs, *([Repair.CASE] if cased != found.text else [])]
            text = cased
        raise UnreadableError(Reason.UNSTABLE)

    return normalise


def _cased(text: str, case: LetterCase) -> str:
    match case:
        case LetterCase.LOWER:
            return text.lower()
        case LetterCase.UPPER:
            return text.upper()
        case LetterCase.TITLE:
            return _WORD.sub(lambda word: word[0][:1].title() + word[0][1:].lower(), text)
        case LetterCase.KEEP:
            return text
