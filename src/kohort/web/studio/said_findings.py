"""What quality checks say in English: every form of a finding's name and detail, and the words that stand in them.

`said.py` puts them into the language of a page. A form of its own stands here for each sentence that a finding can
have; `tests/web/test_studio_findings.py` makes one finding of each maker and looks whether it is known again.
"""

from collections.abc import Callable, Mapping
from typing import Final

from kohort.web.studio.navigation import marked

_: Final[Callable[[str], str]] = marked
CHECKS: Final = (
    _("zero amount"),
    _("negative amount"),
    _("gap in time"),
    _("future event"),
    _("refused identifier (%(why)s)"),
    _("missing trait"),
    _("changing type"),
    _("rejected"),
    _("outlier (%(method)s)"),
    _("outlier (%(method)s on the %(scale)s scale)"),
    _("outliers compared"),
    _("imputed"),
    _("pooled mean"),
    _("missing at random"),
    _("missing goes together"),
    _("answers outside"),
    _("alpha"),
    _("item and rest"),
    _("net promoter score"),
    _("satisfied"),
    _("texts read"),
    _("unknown"),
    _("missing in another source"),
    _("sources disagree"),
    _("bias of a source"),
    _("sudden silence"),
    _("broken order"),
    _("impossible order"),
    _("gate"),
    _("normalised"),
    _("repaired (%(rule)s)"),
    _("repaired (converted from %(currency)s)"),
    _("flagged (%(rule)s)"),
    _("placed"),
    _("positions"),
    _("zones"),
    _("addresses"),
    _("geocoded"),
    _("joined"),
    _("journal damaged"),
    _("unholdable number"),
    _("declared type"),
    _("duplicate rows"),
    _("lookup without match"),
    _("repeated name"),
)
"""What checks are called, spaces in the place of underscores."""
_OF_EVENTS: Final = (
    _("%(count)s of %(total)s %(event)s have a zero %(name)s; they are kept"),
    _("%(count)s of %(total)s %(event)s have a negative %(name)s; they are kept"),
    _("%(count)s of %(total)s days have no %(event)s: %(stretches)s"),
    _("%(first)s to %(last)s"),
    _("%(first)s to %(last)s …"),
    _("%(count)s of %(total)s %(event)s are dated after the moment of this run; they do not count yet"),
    _(
        "%(count)s values of %(identifier)s join nobody (%(why)s), though %(seen)s identifiers were seen with them; "
        'see: kohort sql "%(query)s"'
    ),
    _("%(count)s of %(people)s people (%(share)s %%) have no %(trait)s"),
    _("%(name)s has values of several types: %(kinds)s; a rule uses those of the type it asks for"),
    _("%(count)s rows or messages were rejected; see why with: kohort dead-letters"),
)
_OF_INPUT: Final = (
    _("%(count)s NaN, infinite or too large a number; it counts as missing"),
    _("%(count)s rows equal to an earlier one; all are kept"),
    _("%(count)s rows whose %(column)s is not in %(file)s; its columns are missing there"),
    _("%(count)s the name comes twice; the last value counts"),
    _("%(count)s declared as moment, but %(reason)s; it stays text"),
    _('%(count)s declared as %(type)s, but found %(found)s "%(value)s"; it stays %(found)s'),
    _('%(count)s "%(value)s" is NaN, infinite or too large; it is left out'),
    _(
        "%(name)s: %(count)s values of %(column)s as %(kind)s: %(valid)s valid, %(repaired)s repaired, "
        "%(flagged)s flagged, %(empty)s empty"
    ),
    _("%(name)s: %(count)s of %(total)s values of %(column)s repaired: %(rule)s"),
    _("%(name)s: %(count)s of %(total)s values of %(column)s repaired: converted from %(currency)s"),
    _("%(name)s: %(count)s of %(total)s values of %(column)s flagged: %(rule)s"),
    _("%(measure)s is %(measured)s: %(gate)s"),
    _("%(measure)s is %(measured)s (the bound is %(bound)s): %(gate)s"),
    _("%(number)s %%"),
    _("%(number)s days"),
    _("%(number)s hours"),
    _("%(number)s minutes"),
    _(
        "the journal was damaged, and its records %(records)s are lost: what was sent around that time is not in the "
        "tables; send it again; %(remains)s"
    ),
    _("records %(records)s"),
    _("Kafka at %(brokers)s"),
    _("what could not be read any more is kept in %(place)s"),
    _('what could not be read stays in the topic "%(topic)s" of %(kafka)s, at the offset before each number'),
    _(
        'what stands in the topic "%(topic)s" of %(kafka)s at %(place)s (partition and offset) is damaged, or was '
        "never an event: what was sent at that time may be missing; send it again"
    ),
)
_ACROSS: Final = (
    _("people"),
    _("values of %(name)s"),
    _("%(count)s of %(total)s (%(share)s %%) %(whose)s of %(source)s are not in %(other)s"),
    _(
        "%(count)s of %(total)s (%(share)s %%) %(whose)s have another %(value)s in %(other)s than in %(source)s "
        "(%(details)s)"
    ),
    _(
        "%(count)s of %(total)s (%(share)s %%) %(whose)s have another %(value)s in %(other)s than in %(source)s "
        "(%(details)s); %(alone)s"
    ),
    _("95 %% interval %(low)s to %(high)s %%"),
    _("%(count)s differ in case, accents or blanks alone"),
    _("the largest difference is %(number)s"),
    _("the largest difference is %(number)s hours"),
    _("their types differ"),
    _("%(count)s have one in %(source)s alone"),
    _(
        "%(source)s %(bias)s by %(trait)s: %(share)s %% of its %(people)s people are %(category)s, %(low)s to "
        "%(high)s %%, against %(usual)s %% of the population; w = %(effect)s, chi-square p = %(p_value)s"
    ),
    _(
        "%(source)s %(bias)s by %(trait)s: %(share)s %% of its %(people)s people are %(category)s, %(low)s to "
        "%(high)s %%, against %(usual)s %% of the population; w = %(effect)s, chi-square p = %(p_value)s; "
        "%(count)s have no %(trait)s that the population has"
    ),
    _(
        "%(count)s %(event)s came from %(source)s in the hour before %(moment)s; %(usual)s is usual at this time of "
        "the week (%(weeks)s weeks, p = %(p_value)s)"
    ),
    _(
        "%(count)s %(event)s came from %(source)s in the %(hours)s hours before %(moment)s; %(usual)s is usual at "
        "this time of the week (%(weeks)s weeks, p = %(p_value)s)"
    ),
    _(
        "%(share)s %% of %(people)s people had %(before)s before %(event)s in the last 7 days, %(low)s to "
        "%(high)s %%, against %(usual)s %% of %(total)s before (p = %(p_value)s); is %(before)s still sent?"
    ),
    _(
        "%(count)s of %(total)s (%(share)s %%) %(event)s came to people who had no %(before)s before, which "
        "tracking.yaml says they have"
    ),
)
_OF_TRAITS: Final = (
    _(
        "%(count)s of %(total)s %(name)s (%(share)s %%) are beyond %(low)s to %(high)s (%(method)s on the %(scale)s "
        "scale); %(kept)s"
    ),
    _("they are kept"),
    _("%(trait)s_capped has them at the limit"),
    _("%(trait)s_trimmed is without them"),
    _("%(count)s of %(people)s people are unlike others by %(traits)s together (%(method)s above %(number)s)"),
    _(
        "%(method)s and %(other_method)s both flag %(count)s %(trait)s, only %(method)s %(here)s, only "
        "%(other_method)s %(there)s (Jaccard %(alike)s)"
    ),
    _(
        "%(trait)s of %(count)s of %(people)s people (%(share)s %%) is imputed by %(filling)s; each such value of "
        "%(trait)s_filled is marked"
    ),
    _(
        "the mean of %(trait)s is %(number)s (95 %%: %(low)s to %(high)s) by %(draws)s draws pooled, and %(told)s of "
        "those who told it; %(share)s %% of what is to be known of it is missing"
    ),
    _(
        "values of %(traits)s %(randomness)s (Little's test: chi-square %(number)s, %(degrees)s degrees of freedom, "
        "p %(p_value)s, %(people)s people); whether it also depends on the missing values themselves cannot be told "
        "from the data"
    ),
    _("below %(number)s"),
    _(
        "people without %(name)s have a %(trait)s that is %(number)s standard deviations %(way)s (p %(p_value)s, "
        "adjusted for all comparisons): %(trait)s should be among its predictors"
    ),
    _("%(count)s of %(total)s answers are no whole numbers from %(low)s to %(high)s and count as none"),
    _(
        "Cronbach's alpha of %(items)s items is %(number)s (95 %%: %(low)s to %(high)s), by the %(people)s people "
        "who answered all of them"
    ),
    _("%(name)s has the same answer of everybody, and tells nobody apart"),
    _("%(name)s goes with the rest of the scale by a correlation of %(number)s"),
    _("%(name)s goes with the rest of the scale by a correlation of %(number)s; is its direction right?"),
    _("the net promoter score is %(number)s (95 %%: %(low)s to %(high)s), by %(people)s people"),
    _("%(share)s %% are satisfied (95 %%: %(low)s %% to %(high)s %%), by %(people)s people"),
    _(
        "of %(total)s texts %(count)s (%(share)s %%) have no clear sentiment, %(unread)s of them because they are in "
        "no language that is read"
    ),
    _("%(trait)s of %(count)s of %(people)s people (%(share)s %%) is not known"),
)
_OF_PLACES: Final = (
    _(
        "%(trait)s places %(count)s of %(people)s people who tell it in a commune, %(wider)s in a department or "
        "region only, %(nowhere)s nowhere"
    ),
    _("%(count)s of %(total)s positions by %(traits)s are nowhere: outside the degrees, or 0, 0"),
    _("%(people)s people are in %(count)s micro-zones, each of %(least)s people or more"),
    _("%(people)s people are in %(count)s micro-zones, since a zone should hold %(least)s or more"),
    _(
        "%(count)s of %(total)s addresses of %(trait)s have no country: %(wrong)s are none, %(private)s are not "
        "public, %(strange)s are unknown to the database"
    ),
    _(
        "%(count)s of %(total)s different addresses are found, %(unsure)s are not or not surely, %(left)s are left "
        "for the next run; %(whose_data)s"
    ),
    _(
        "%(count)s of %(total)s different addresses are found, %(unsure)s are not or not surely, %(left)s are left "
        "for the next run; %(whose_data)s; stopped: %(problem)s"
    ),
    _(
        "%(count)s of %(people)s people who tell %(trait)s (%(share)s %%), with %(total)s different values, are not "
        "in %(file)s, of %(source)s as of %(date)s (%(licence)s)"
    ),
    _(
        "%(count)s of %(people)s people who tell %(trait)s (%(share)s %%), with %(total)s different values, are not "
        "in %(file)s, of %(source)s as of %(date)s (%(licence)s); most often: %(counted)s"
    ),
    # Why a service that finds addresses stopped.
    _("%(service)s answered %(status)s"),
    _("%(service)s answered what is no answer of %(kind_of_service)s"),
    _(
        "%(service)s refused to look for addresses: it answered %(status)s; see its terms of use, and "
        "places.geocoding in kohort.yaml"
    ),
    _("%(service)s could not read a file of %(count)s addresses"),
    _("%(service)s was not asked"),
    _("%(host)s did not answer within %(seconds)s seconds"),
    _("%(host)s could not be asked: %(error)s"),
    _("%(host)s is asked by https only; nothing else is safe"),
    _("%(host)s has no public address, and `allow_private` is not set"),
    _("the answer has more than a megabyte"),
)
FORMS: Final = (*CHECKS, *_OF_EVENTS, *_OF_INPUT, *_ACROSS, *_OF_TRAITS, *_OF_PLACES)
"""Everything that findings say."""

NUMBER: Final = r"[-+]?(?:\d[-+\d.,e]{0,40}|inf|nan)"
"""What a number looks like, its digits grouped by commas; a date passes for one."""
_MEASURED: Final = rf"{NUMBER}(?: (?:%|days|hours|minutes))?"
# fmt: off
_NUMBERS: Final = (
    "alike", "count", "date", "degrees", "draws", "effect", "empty", "first",
    "flagged", "here", "high", "hours", "items", "last", "least", "left",
    "low", "nowhere", "number", "people", "private", "repaired", "seconds", "seen",
    "share", "status", "strange", "there", "told", "total", "unread", "unsure",
    "usual", "valid", "weeks", "wider", "wrong",
)
# fmt: on
PATTERNS: Final[Mapping[str, str]] = {
    **dict.fromkeys(_NUMBERS, NUMBER),
    "measured": _MEASURED,
    "bound": _MEASURED,
    "p_value": rf"(?:below )?{NUMBER}",
    "records": rf"{NUMBER}(?: to {NUMBER})?",
    "service": r"\S+",
    "host": r"\S+",
    "kafka": r"Kafka at \S+(?:, \S+)*",
    "whose": r"people|values of .+?",
}
"""What values look like, of those that are not any text."""
NUMBERS: Final = frozenset(_NUMBERS)
"""The values that are numbers."""
WITHIN: Final = frozenset({"measured", "bound", "kafka", "p_value", "records", "remains", "whose", "kept", "problem"})
"""The values that are themselves something said."""
LISTS: Final[Mapping[str, str]] = {"kinds": ", ", "stretches": ", ", "alone": ", ", "details": _("; ")}
"""The values that are several things said, by what stands between them."""
_METHODS: Final = (_("iqr"), _("z-score"), _("robust z-score"), _("bounds"), _("isolation forest"), _("lof"))
WORDS: Final[Mapping[str, tuple[str, ...]]] = {
    "why": (_("over the limit"), _("blocked")),
    "method": _METHODS,
    "other_method": _METHODS,
    "scale": (_("raw"), _("log")),
    "filling": (_("mean"), _("median"), _("mode"), _("constant"), _("knn"), _("mice")),
    "randomness": (_("are not missing completely at random"), _("may be missing completely at random")),
    "way": (_("higher"), _("lower")),
    "bias": (_("is biased"), _("shows no bias"), _("has too few people to tell a bias")),
    "measure": (
        _("freshness"),
        _("volume"),
        _("completeness"),
        _("validity"),
        _("uniqueness"),
        _("consistency"),
        _("reliability"),
    ),
    "kind": (
        _("number"),
        _("amount"),
        _("quantity"),
        _("duration"),
        _("date"),
        _("text"),
        _("email"),
        _("phone"),
        _("country"),
        _("language"),
    ),
    "whose_data": (
        _("INSEE, La Poste and GeoNames"),
        _("Base Adresse Nationale, by IGN's Géoplateforme, Licence Ouverte 2.0"),
        _("© OpenStreetMap contributors, ODbL 1.0"),
    ),
    "rule": (
        _("spaces"),
        _("invisible characters"),
        _("Unicode form"),
        _("case"),
        _("quotes around"),
        _("number of a spreadsheet"),
        _("punctuation"),
        _("decimal comma"),
        _("thousands separators"),
        _("sign"),
        _("currency named"),
        _("converted"),
        _("unit named"),
        _("name of the unit"),
        _("hours, minutes, seconds"),
        _("ISO 8601 duration"),
        _("almost ISO 8601"),
        _("day first"),
        _("month first"),
        _("name of the month"),
        _("declared format"),
        _("name of the time zone"),
        _("hour that the clocks repeat: the first"),
        _("hour that the clocks skip"),
        _("name beside the address"),
        _("international form"),
        _("extension left out"),
        _("label"),
        _("other code"),
        _("name"),
        _("alias"),
        _("region left out"),
        _("too long"),
        _("NUL characters"),
        _("broken characters"),
        _("characters were lost before"),
        _("no stable form"),
        _("no number"),
        _("too large a number"),
        _("decimal comma or thousands"),
        _("not the declared decimal mark"),
        _("groups of digits that are no thousands"),
        _("unknown currency"),
        _("sign of several currencies"),
        _("two currencies"),
        _("no currency"),
        _("no rate of that day"),
        _("unknown unit"),
        _("unit of several sizes"),
        _("unit of something else"),
        _("no duration"),
        _("negative duration"),
        _("hours or minutes first"),
        _("months and years have no fixed length"),
        _("no date"),
        _("no such day or time"),
        _("day or month first"),
        _("not the declared order"),
        _("year of two digits"),
        _("several declared formats fit"),
        _("unknown time zone"),
        _("another day of the week"),
        _("no e-mail address"),
        _("several values"),
        _("no phone number"),
        _("letters in a phone number"),
        _("too short or too long for a phone number"),
        _("phone number that nobody can have"),
        _("phone number of no known country"),
        _("unknown country"),
        _("unknown language"),
        _("name of several"),
    ),
}
"""The values that are one of a few words, each translated by itself."""
