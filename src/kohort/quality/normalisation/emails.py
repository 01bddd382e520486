"""E-mail addresses: their syntax, without asking the network."""

import re
from typing import Final

from kohort.definitions.normalisation import Asked, Normalisation, Outcome
from kohort.errors import MissingExtraError
from kohort.quality.normalisation.characters import cleaned
from kohort.quality.normalisation.outcomes import NormaliseOne, Reason, Repair, UnreadableError, guarded, settled

_SEVERAL: Final = re.compile(r"@[^;,\s]+[;,\s].*@")
_DISPLAY: Final = re.compile(r"[^<>@]*<([^<>]+)>")
_LABEL: Final = re.compile(r"(?:mailto|e-?mail)\s*:\s*", re.IGNORECASE)
_AROUND: Final = ' ,;.<>()[]"'


def emails(_: Normalisation) -> NormaliseOne:
    """Return what reads e-mail addresses: in small letters, the domain in Unicode.

    Raises MissingExtraError without the extra `[clean]`.

    >>> from kohort.definitions.normalisation import Kind
    >>> read = emails(Normalisation(Kind.EMAIL))
    >>> read(Asked("Ada Lovelace <Ada@Example.ORG>;")).value, read(Asked("ada@example")).rules
    ('ada@example.org', ('no e-mail address',))
    """
    try:
        from email_validator import EmailNotValidError, validate_email  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise MissingExtraError("clean", "reading e-mail addresses") from error

    @guarded
    def normalise(asked: Asked) -> Outcome:
        text = cleaned(str(asked.value))
        if _SEVERAL.search(text.text):
            raise UnreadableError(Reason.SEVERAL)
        address, repairs = _bare(text.text)
        try:
            found = validate_email(address, check_deliverability=False, strict=True).normalized
        except (EmailNotValidError, ValueError) as error:
            raise UnreadableError(Reason.NO_ADDRESS) from error
        lowered = found.lower()
        if lowered != address.lower():
            repairs.append(Repair.UNICODE)
        if lowered != found or address.lower() != address:
            repairs.append(Repair.CASE)
        return settled(lowered, (*text.repairs, *repairs))

    return normalise


def _bare(text: str) -> tuple[str, list[Repair]]:
    """Return an address without what people put around it."""
    repairs = []
    display = _DISPLAY.fullmatch(text.rstrip(" ,;."))
    if display:
        text = display[1]
        repairs.append(Repair.DISPLAY_NAME)
    label = _LABEL.match(text)
    if label:
        text = text[label.end() :]
        repairs.append(Repair.LABEL)
    stripped = text.strip(_AROUND).rstrip(".")
    if stripped != text:
        repairs.append(Repair.PUNCTUATION)
    joined = "".join(stripped.split(" ")) if re.fullmatch(r"\S+ ?@ ?\S+", stripped) else stripped
    if joined != stripped:
        repairs.append(Repair.SPACES)
    return joined, repairs
