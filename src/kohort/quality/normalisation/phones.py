"""Phone numbers to E.164."""

import re
from collections.abc import Callable
from typing import Final

from kohort.definitions.normalisation import Asked, Normalisation, Outcome
from kohort.errors import DefinitionError, MissingExtraError
from kohort.quality.normalisation.characters import cleaned
from kohort.quality.normalisation.outcomes import NormaliseOne, Reason, Repair, UnreadableError, guarded, settled

_LABEL: Final = re.compile(r"(?:t[eé]l(?:[eé]phone)?|phone|mobile|portable|port|gsm|fixe)[\s.:]{0,5}", re.IGNORECASE)
_EXTENSION: Final = re.compile(r"\s*(?:;?ext\.?|x|poste|#)\s*[=:]?\s*\d{1,7}$", re.IGNORECASE)
_NORMAL: Final = re.compile(r"\+[1-9]\d{5,14}", re.ASCII)
_SEVERAL: Final = re.compile(r"(?:\d[\s.()-]*){8,}(?:/|;|,| ou | or )[\s()]*\+?(?:[\s.()-]*\d){6}", re.IGNORECASE)
_OF_SPREADSHEET: Final = re.compile(r"(\d{6,15})\.0", re.ASCII)
_WRITTEN: Final = re.compile(r"[\d\s+().\-/‐-―−]+")
_LETTER: Final = re.compile(r"[^\W\d_]")
_FEWEST, _MOST = 4, 17  # digits, with 00 in front


def phones(
    declared: Normalisation, country: str, where: str = "", country_of: Callable[[str], str] | None = None
) -> NormaliseOne:
    """Return what reads phone numbers; `country` is that of numbers that name none, empty where there is none.

    `country_of` reads the country of each row, where a column says it: two capitals, or an empty text.

    Raises DefinitionError for a region without phones, MissingExtraError without the extra `[clean]`.

    >>> from kohort.definitions.normalisation import Kind
    >>> read = phones(Normalisation(Kind.PHONE), "FR")
    >>> {read(Asked(one)).value for one in ("06 12 34 56 78", "+33 (0)6.12.34.56.78", "0033612345678", "612345678")}
    {'+33612345678'}
    """
    try:
        import phonenumbers  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("clean", "reading phone numbers") from error
    fixed = declared.region or country
    if fixed and fixed not in phonenumbers.SUPPORTED_REGIONS:
        raise DefinitionError(f'{where}: there are no phone numbers of the region "{fixed}"; write one such as FR')

    @guarded
    def normalise(asked: Asked) -> Outcome:
        text = cleaned(str(asked.value))
        bare, repairs = _bare(text.text)
        _check(bare)
        region = fixed if country_of is None else country_of(asked.beside)
        found = _abroad(bare) or _international(bare, region)
        form = [] if found == bare else [Repair.INTERNATIONAL]
        return settled(found, (*text.repairs, *repairs, *form))

    return normalise


def _international(text: str, region: str) -> str:
    """Return a number in E.164."""
    import phonenumbers  # noqa: PLC0415 - an extra

    try:
        number = phonenumbers.parse(text, region or None)
    except phonenumbers.NumberParseException as error:
        if error.error_type == error.INVALID_COUNTRY_CODE and not region:
            raise UnreadableError(Reason.NO_REGION) from error
        length = error.error_type in {error.TOO_LONG, error.TOO_SHORT_NSN}
        raise UnreadableError(Reason.IMPOSSIBLE_PHONE if length else Reason.NO_PHONE) from error
    if not phonenumbers.is_valid_number(number):
        possible = phonenumbers.is_possible_number(number)
        raise UnreadableError(Reason.INVALID_PHONE if possible else Reason.IMPOSSIBLE_PHONE)
    return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))


def _abroad(text: str) -> str:
    """Return a number that 00 begins in place of a plus, wherever it is dialled; an empty text for any other."""
    if not text.startswith("00"):
        return ""
    try:
        return _international(f"+{text[2:]}", "")
    except UnreadableError:
        return ""


def _bare(text: str) -> tuple[str, list[Repair]]:
    """Return a number without a label in front and an extension behind."""
    if _NORMAL.fullmatch(text):
        return text, []
    whole = _OF_SPREADSHEET.fullmatch(text)
    if whole:
        return whole[1], [Repair.SPREADSHEET]
    repairs = []
    label = _LABEL.match(text)
    if label:
        text = text[label.end() :]
        repairs.append(Repair.LABEL)
    extension = _EXTENSION.search(text)
    if extension:
        text = text[: extension.start()]
        repairs.append(Repair.EXTENSION)
    return text, repairs


def _check(text: str) -> None:
    """Refuse what is no phone number at first sight."""
    digits = sum(char.isdigit() for char in text)
    if not digits:
        raise UnreadableError(Reason.NO_PHONE)
    if _SEVERAL.search(text):
        raise UnreadableError(Reason.SEVERAL)
    if _LETTER.search(text):
        raise UnreadableError(Reason.LETTERS)
    if not _WRITTEN.fullmatch(text):
        raise UnreadableError(Reason.NO_PHONE)
    if not _FEWEST <= digits <= _MOST:
        raise UnreadableError(Reason.IMPOSSIBLE_PHONE)
