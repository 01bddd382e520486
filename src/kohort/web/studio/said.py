"""What the rest of the house says in English, such as why an event was rejected, in the language of the page.

Such texts are in the journal and the tables, with values in them; here stands every form that they have, so that one is
known again, and its values are put into the same sentence of another language. What is not known is shown as it is.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import Final

from kohort.rules.languages import Language
from kohort.web.studio.formats import Formats
from kohort.web.studio.languages import translations
from kohort.web.studio.navigation import marked
from kohort.web.studio.said_findings import FORMS, LISTS, NUMBER, NUMBERS, PATTERNS, WITHIN, WORDS

_: Final[Callable[[str], str]] = marked
_FORMS: Final = (
    # Why a segment has no members, or what to know about them.
    _("needs %(names)s, which no data have shown yet"),
    _("is not in force yet; see: kohort plan"),
    _("has not been evaluated yet; run: kohort run"),
    _("stalled: last evaluated %(moment)s"),
    # Why clusters cannot be followed, or what they foretell cannot be seen.
    _(
        'score "%(name)s": fewer than two of the last %(months)s months have %(people)s people with its features; ask '
        "for more with --months"
    ),
    _('score "%(name)s": nobody had its features before the split; ask for a later moment'),
    _('score "%(name)s": no clusters hold among what was known before the split; ask for a later moment'),
    # Why nothing came of a training.
    _('score "%(name)s": %(reason)s'),
    _(
        "too little of the past to learn from: %(people)s people who did it and %(people)s who did not are needed "
        "before the last cut-off and after it, and there are %(found)s and %(others)s"
    ),
    _("too few examples to learn from: %(people)s people of each answer are needed; there are %(yes)s and %(no)s"),
    _("too few to learn from: %(people)s members and %(people)s others are needed; there are %(found)s and %(others)s"),
    _("its process ended before it was done, as it does when the server stops; ask for it again"),
    _('score "%(name)s" is declared otherwise than when it was planned; plan anew'),
    _("the tables were made anew while they were learnt from; train again"),
    # Why an event was rejected.
    _('expected one of %(types)s, got "%(given)s"; %(hint)s'),
    _('did you mean "%(name)s"?'),
    _("known: %(names)s"),
    _("none is known yet"),
    _("one of userId and anonymousId is required"),
    _("expected text or a whole number"),
    _("at most %(most)s characters are accepted, this has %(found)s"),
    _("NUL characters are refused"),
    _("%(name)s is required here"),
    _("a track message needs the name of its event, as text"),
    _('the name "%(name)s" is longer than %(most)s characters'),
    _('the name "%(name)s" holds no letter or digit'),
    _('the key of "%(name)s" is longer than %(most)s characters'),
    _("expected an object"),
    _("expected a JSON object"),
    _("expected an object of 1 to %(most)s purposes"),
    _("expected a text of at most %(most)s characters"),
    _("expected granted, denied or withdrawn"),
    _("the message has %(found)s bytes, and at most %(most)s are accepted"),
    _("the event has %(found)s bytes, and at most %(most)s are accepted"),
    _("malformed JSON: %(error)s"),
    _("nested deeper than %(most)s levels"),
    _("a name has 1 to %(most)s characters, this one %(found)s"),
    _("more than %(most)s values"),
    _("the property is required by the tracking plan and is missing"),
    _('"%(text)s" is no ISO 8601 time such as 2026-01-31T09:30:00+01:00'),
    _("the message has no time: timestamp or originalTimestamp is required in a file"),
    _('the name "%(name)s" is repeated in one object'),
    _('the path says "%(path)s", the event "%(event)s"'),
    # Why a row of a file was.
    _('%(place)s: the required property "%(name)s" is missing'),
    _("%(place)s: expected %(expected)s, got %(found)s"),
    _("line %(line)s: malformed: %(error)s"),
    _("line %(line)s: longer than %(most)s bytes; only its start is kept here"),
    _("line %(line)s: %(reason)s"),
    # The same without where it stood and without its values.
    _('the required property "%(name)s" is missing'),
    _("expected %(expected)s, got %(found)s"),
    _('"%(value)s" is not %(expected)s'),
    _('"%(text)s" is no ISO %(standard)s time such as %(example)s'),
    _("a number such as %(example)s"),
    _("text of at most %(most)s KB without NUL characters"),
    _("true or false"),
    _("an ISO %(standard)s time such as %(example)s"),
    _("a list of text"),
    # Why a webhook's delivery was refused, or could not be read.
    _("missing_signature: the header %(name)s is missing"),
    _("invalid_timestamp: the header %(name)s is no number of seconds since 1970"),
    _("old_timestamp: the delivery was signed too long ago, or in the future: sent again, or a clock is wrong"),
    _("invalid_signature: the header %(name)s is not this body's signature"),
    _('unknown_source: no webhook is declared for "%(name)s"; %(hint)s'),
    _('nothing is declared for the kind "%(name)s"; %(hint)s; or ignore it'),
    _("the body is no JSON: %(error)s"),
    _("the body is nested too deep"),
    _("the body is nested deeper than %(most)s levels"),
    _("the body is no JSON object"),
    _("no person: nothing stands where the mapping says that user_id and anonymous_id are"),
    _("neither an event nor traits: nothing stands where the mapping says they are"),
    _('expected text or a number, got "%(given)s"'),
    _('"%(value)s" %(unit)s since 1970 is no time'),
    _("nothing could be read"),
    # What guard rails have found.
    _("nobody in it for %(days)s days, longer than %(limit)s"),
    _("%(people)s person, fewer than %(limit)s"),
    _("%(people)s people, fewer than %(limit)s"),
    _("%(share)s %% of all people, more than %(limit)s %%"),
    _("%(people)s would enter, more than %(limit)s %% of %(size)s"),
    _("%(people)s would leave, more than %(limit)s %% of %(size)s"),
    _('nearly the same as "%(name)s" (Jaccard %(alike)s, more than %(limit)s)'),
    # What tests have found.
    _("%(share)s %% (%(people)s of %(size)s)"),
    _('"%(name)s" cannot be evaluated yet'),
    _("%(people)s people in both"),
    _("%(people)s of %(size)s people outside"),
    _("nobody is known by this id"),
    _("not yet a person at that moment"),
    _("in"),
    _("out"),
    # Why a request was refused, or what it brought withheld.
    _("invalid_write_key: the write key is unknown, expired or revoked"),
    _("invalid_write_key: the request has no write key"),
    _('origin_not_allowed: the key may not be used from "%(origin)s"'),
    _("the body is no JSON text in UTF-8: %(error)s"),
    _("the body must be one JSON object: an event"),
    _('the body has no "batch" with at least one event'),
    _("%(count)s event not stored, for want of consent to %(purposes)s"),
    _("%(count)s events not stored, for want of consent to %(purposes)s"),
    _("not stored, for want of consent to %(purposes)s"),
    _("%(count)s events before these"),
    # What was found in a value that was taken all the same.
    _("the name comes twice; the last value counts"),
    _('declared as %(type)s, but found %(found)s "%(value)s"; it stays %(found)s'),
    _("declared as moment, but %(reason)s; it stays text"),
    _('"%(value)s" is NaN, infinite or too large; it is left out'),
    # Why a page cannot be shown.
    _('unknown person "%(name)s"; give a person id, a user id or an anonymous id'),
    _('unknown segment "%(name)s"; %(hint)s'),
    _("this page needs the right %(scopes)s"),
    _("more than %(most)s requests a second; come again in %(wait)s s"),
    _("this cursor is none that a page gave; begin again without one"),
    _("the tables are being made anew; come again"),
    _('nothing is at "%(path)s"; %(hint)s'),
    # What is wrong with the worst rows of a load.
    _("%(name)s is missing"),
    _("the dates are not in this order: %(names)s"),
    _("%(code)s is no postal code of %(name)s"),
    _("it does not hold that %(check)s"),
    _("%(column)s: %(reason)s"),
    *FORMS,
)  # fmt: skip
_PLACE: Final = re.compile(r"%\((\w+)\)s")
_NUMBER: Final = re.compile(r"\d{1,3}(,\d{3})+|\d+", re.ASCII)
_DECIMAL: Final = re.compile(r"\d+\.\d+", re.ASCII)
_FIGURE: Final = re.compile(r"(?P<sign>[-+]?)(?P<whole>\d[\d,]*)(?:\.(?P<decimals>\d+))?", re.ASCII)
_LIKE_NUMBER: Final = re.compile(NUMBER, re.ASCII)
_COUNTED: Final = re.compile(rf"\(({NUMBER})\)", re.ASCII)
_LONGEST: Final = 2_000
_WITHIN: Final = WITHIN | {"hint", "reason", "expected"}
"""The values that are themselves something said."""
_OF_TYPES: Final = frozenset({"type", "found", "kinds"})
_AMOUNTS: Final = frozenset({"share", "limit", "alike", "days"})
"""The values that may have decimals."""
TYPES: Final = {
    "number": _("number"),
    "text": _("text"),
    "boolean": _("yes or no"),
    "moment": _("moment"),
    "list of text": _("list of text"),
}
"""What the types of values are called, to be translated where they are shown."""


def said(text: str, formats: Formats) -> str:
    r"""Return a text that Kohort made in English in the language of the page.

    >>> from zoneinfo import ZoneInfo
    >>> french = Formats(Language.FR, ZoneInfo("UTC"))
    >>> said("one of userId and anonymousId is required", french)
    'userId ou anonymousId est nécessaire'
    >>> said("more than 1,000 values", french)
    'plus de 1\u202f000 valeurs'
    >>> said("something else", french)
    'something else'
    """
    if formats.language is Language.EN:
        return text
    known = known_again(text)
    if known is None:
        return _numbered(text, formats)
    form, values = known
    shown = {name: _shown(name, value, formats) for name, value in values.items()}
    return translations(formats.language).gettext(form) % shown


def known_again(text: str) -> tuple[str, dict[str, str]] | None:
    """Return the form that a text has, and the values in it; None where it has none of them.

    >>> known_again("userId is required here")
    ('%(name)s is required here', {'name': 'userId'})
    """
    if len(text) > _LONGEST:
        return None
    found = ((form, pattern.fullmatch(text)) for form, pattern in _patterns())
    return next(((form, match.groupdict()) for form, match in found if match is not None), None)


def _shown(name: str, value: str, formats: Formats) -> str:
    if name in LISTS:
        between = translations(formats.language).gettext(LISTS[name])
        return between.join(_shown_once(name, part, formats) for part in value.split(LISTS[name]))
    return _shown_once(name, value, formats)


def _shown_once(name: str, value: str, formats: Formats) -> str:
    word = value if value in WORDS.get(name, ()) else TYPES.get(value) if name in _OF_TYPES else None
    if word is not None:
        return translations(formats.language).gettext(word)
    if name in NUMBERS or (name in WITHIN and _LIKE_NUMBER.fullmatch(value)):
        return _figure(value, formats)
    if name == "counted":
        return _COUNTED.sub(lambda match: f"({_figure(match[1], formats)})", value)
    if name in _WITHIN or name in LISTS:
        return said(value, formats)
    if name in _AMOUNTS and _DECIMAL.fullmatch(value):
        return formats.fixed(float(value), len(value.partition(".")[2]))
    return _numbered(value, formats)


def _numbered(value: str, formats: Formats) -> str:
    return formats.count(int(value.replace(",", ""))) if _NUMBER.fullmatch(value) else value


def _figure(value: str, formats: Formats) -> str:
    """Return a number as a sentence has it, such as +1,234.50, as the language writes it."""
    parts = _FIGURE.fullmatch(value)
    if parts is None:
        return {"inf": "∞", "-inf": "−∞"}.get(value, value.replace(".", ","))
    sign, whole, decimals = parts["sign"].replace("-", "−"), parts["whole"].replace(",", ""), parts["decimals"]
    if decimals is None:
        return sign + formats.count(int(whole))
    return sign + formats.fixed(float(f"{whole}.{decimals}"), len(decimals))


@cache
def _patterns() -> list[tuple[str, re.Pattern[str]]]:
    # The forms with the most words of their own come first: the others fit almost anything.
    forms = sorted(_FORMS, key=lambda form: -len(_PLACE.sub("", form)))
    return [(form, re.compile(_pattern(form), re.DOTALL)) for form in forms]


def _pattern(form: str) -> str:
    parts, names = _PLACE.split(form), set[str]()
    made = ""
    for place, part in enumerate(parts):
        if place % 2 == 0:
            made += re.escape(part.replace("%%", "%"))
        else:
            made += f"(?P={part})" if part in names else f"(?P<{part}>{_looks(part)})"
            names.add(part)
    return made


def _looks(name: str) -> str:
    """Return the pattern of a value: one of its words, or what it looks like, or any text."""
    return "|".join(map(re.escape, WORDS[name])) if name in WORDS else PATTERNS.get(name, ".+?")
